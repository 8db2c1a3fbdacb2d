//! `firstline bench quality`.

mod table;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::civil::Date;
use serde::Serialize;

use super::{DEPTH_OF_SUITES, Ground, JsonTo, ModelFolder, explained, start, write_file};
use crate::cli::{Outcome, Terminal};
use crate::decision::policy;
use crate::eval::dataset::{Changes, Dataset, Origin};
use crate::eval::gate::Repeats;
use crate::eval::quality::{self, Details, Document, Options, Step};
use crate::eval::report;
use crate::eval::suite::{self, Held, Measured, Reached, Reference, Suite};
use crate::message::Language;

/// The model of a run that names none.
const DEFAULT_MODEL: &str = "multilingual-e5-small";

#[derive(Debug, Args)]
pub(super) struct QualityArgs {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    changes: ChangeArgs,
    #[command(flatten)]
    how: How,
    /// 输出 JSON：到文件，不写文件名则到标准输出 · Write JSON to a file, or to standard output if none is named
    #[arg(long, value_name = "OUT", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// 输出网页报告 · Write the report as a page
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct What {
    /// 数据集目录：train/test 或 kb/queries · A data set's folder: train and test, or kb and queries
    #[arg(long, value_name = "DIR", conflicts_with_all = ["knowledge", "suite"])]
    data: Option<PathBuf>,
    /// 知识目录，与 --messages 同用 · A directory of articles, with --messages
    #[arg(long, value_name = "DIR", requires = "messages", conflicts_with = "suite")]
    knowledge: Option<PathBuf>,
    /// 带标注的消息 · Labelled messages
    #[arg(long, value_name = "F", requires = "knowledge")]
    messages: Option<PathBuf>,
    /// benches/suites 里的评测，或 all · A suite of benches/suites, or all
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// 评测数据所在目录 · The folder that holds the suites' data sets
    #[arg(long, value_name = "DIR", env = "FIRSTLINE_DATA", default_value = "data-sets")]
    data_root: PathBuf,
    /// 评测说明所在目录 · The folder of the suites themselves
    #[arg(long, value_name = "DIR", default_value = "benches/suites")]
    suites: PathBuf,
}

#[derive(Debug, Args)]
struct ChangeArgs {
    /// 训练文件，若不是 train.jsonl · The training file, where it is not train.jsonl
    #[arg(long, value_name = "F")]
    train: Option<PathBuf>,
    /// 混入的域外文本 · Texts to mix in as out of scope
    #[arg(long, value_name = "F")]
    noise: Option<PathBuf>,
    /// 随机取这么大一部分提问编入索引，只问其余的 · The share of the queries to index as questions; the rest is asked
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    index_share: f64,
    /// 去掉没有标签的训练文本 · Leave out training texts without a label
    #[arg(long)]
    drop_null_training: bool,
    /// 随机种子 · Picks that share
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Args)]
struct How {
    /// 模型，默认 multilingual-e5-small · The model; multilingual-e5-small unless given
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// 要求的准确率 · The precisions to ask for
    #[arg(long, value_name = "P,…", value_delimiter = ',', default_values_t = [0.9, 0.95])]
    target: Vec<f64>,
    /// 保证的置信度 · How sure the certified threshold must be
    #[arg(long, value_name = "C", default_value_t = 0.95)]
    confidence: f64,
    /// 随机对半的次数 · Random halvings
    #[arg(long, value_name = "N", default_value_t = 50)]
    seeds: u32,
    /// 检验保证时的重抽次数 · Draws with replacement that put the guarantee to the test
    #[arg(long, value_name = "N", default_value_t = 1000)]
    draws: u32,
    /// 向量缓存目录 · Where vectors are kept between runs
    #[arg(long, value_name = "DIR", default_value = "data/vectors")]
    cache: PathBuf,
}

pub(super) fn run(
    args: &QualityArgs,
    ground: Ground<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let options = args.how.options(ground.policy)?;
    let to = JsonTo::of(args.json.as_deref());
    let Ground { model_folder, today, .. } = ground;
    let mut bench = Bench { args, options, to, today, model_folder, terminal };
    if let Some(name) = &args.what.suite {
        return bench.suites(&suite::find(&args.what.suites, name).map_err(explained)?);
    }
    let origin = args.what.origin(today)?;
    let model = args.how.model.as_deref().unwrap_or(DEFAULT_MODEL);
    let (document, details) = bench.measure(&origin, &args.changes.changes(), model)?;
    bench.html(args.html.as_deref(), &document, &details)?;
    bench.to.clone().write(&document, bench.terminal)?;
    Ok(Outcome::Done)
}

impl What {
    fn origin(&self, today: Date) -> anyhow::Result<Origin> {
        match (&self.data, &self.knowledge, &self.messages) {
            (Some(dir), ..) => Ok(Origin::Folder(dir.clone())),
            (None, Some(knowledge), Some(messages)) => Ok(Origin::Directory {
                knowledge: knowledge.clone(),
                messages: messages.clone(),
                today,
            }),
            _ => anyhow::bail!(
                "say what to measure: --data DIR, --knowledge DIR --messages F, or --suite NAME"
            ),
        }
    }
}

impl How {
    fn options(&self, policy: policy::Config) -> anyhow::Result<Options> {
        let inside = |share: &f64| (0.0..1.0).contains(share) && *share > 0.0;
        anyhow::ensure!(
            self.target.iter().all(inside),
            "--target takes precisions above 0 and below 1, such as 0.9,0.95"
        );
        anyhow::ensure!(inside(&self.confidence), "--confidence must be above 0 and below 1");
        Ok(Options {
            targets: self.target.clone(),
            confidence: self.confidence,
            repeats: Repeats { splits: self.seeds, draws: self.draws },
            cache: self.cache.clone(),
            policy,
        })
    }
}

/// One suite's outcome in the JSON document.
#[derive(Serialize)]
struct SuiteResult {
    suite: String,
    #[serde(flatten)]
    document: Document,
    floors: Vec<Held>,
    bars: Vec<Reached>,
    reference: Vec<Reference>,
}

/// The JSON document of `--suite`.
#[derive(Serialize)]
struct SuiteResults<'r> {
    suites: &'r [SuiteResult],
}

struct Bench<'b> {
    args: &'b QualityArgs,
    options: Options,
    to: JsonTo,
    today: Date,
    model_folder: &'b mut ModelFolder<'b>,
    terminal: &'b mut Terminal,
}

impl Bench<'_> {
    fn suites(&mut self, suites: &[Suite]) -> anyhow::Result<Outcome> {
        let mut results = Vec::new();
        for suite in suites {
            results.push(self.suite(suite)?);
        }
        let all_held = results.iter().flat_map(|result| &result.floors).all(|floor| floor.held);
        let document = SuiteResults { suites: &results };
        self.to.write_to_depth(&document, DEPTH_OF_SUITES, self.terminal)?;
        Ok(if all_held { Outcome::Done } else { Outcome::CheckFailed })
    }

    fn suite(&mut self, suite: &Suite) -> anyhow::Result<SuiteResult> {
        let root = &self.args.what.data_root;
        let origin = suite.checked_origin(root, self.today).map_err(explained)?;
        let changes = suite.changes(root, self.args.changes.changes());
        let model = self.args.how.model.clone().unwrap_or_else(|| suite.model.clone());
        self.to.table(&[format!("[{}]", suite.name)], self.terminal);
        let (document, details) = self.measure(&origin, &changes, &model)?;
        let page = self.args.html.as_deref().map(|dir| dir.join(format!("{}.html", suite.name)));
        self.html(page.as_deref(), &document, &details)?;
        let measured =
            Measured { scores: &document.scores, plugin: &document.plugin, n: document.n };
        let floors = suite.floor.held(&document.scores);
        let bars = suite.bar.reached(measured);
        self.to.table(&table::of_floors(&floors, self.terminal), self.terminal);
        self.to.table(&table::of_bars(&bars, self.terminal), self.terminal);
        self.to.table(&table::of_reference(&suite.reference, self.terminal), self.terminal);
        let (suite, reference) = (suite.name.clone(), suite.reference.clone());
        Ok(SuiteResult { suite, document, floors, bars, reference })
    }

    fn measure(
        &mut self,
        origin: &Origin,
        changes: &Changes,
        model: &str,
    ) -> anyhow::Result<(Document, Details)> {
        let set = Dataset::open(origin, changes).map_err(explained)?;
        self.warn_of_unknown(&set);
        let batcher = start(model, self.model_folder, self.terminal)?;
        let bar = self.terminal.bar(&set.name, 1);
        let (document, details) = quality::run(set, &batcher, &self.options, &mut |step| {
            let (label, done, of) = described(step, self.terminal);
            bar.set_message(label);
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        })
        .map_err(explained)?;
        bar.finish_and_clear();
        self.to.table(&table::of_document(&document, self.terminal), self.terminal);
        Ok((document, details))
    }

    fn warn_of_unknown(&mut self, set: &Dataset) {
        let unknown = set.unknown_articles().len();
        if unknown > 0 {
            let (zh, en) = ("个标注的答案不在知识里", "labelled articles are not in the knowledge");
            self.terminal.note(&format!("{}: {unknown} {}", set.name, self.terminal.pick(zh, en)));
        }
    }

    fn html(
        &self,
        path: Option<&Path>,
        document: &Document,
        details: &Details,
    ) -> anyhow::Result<()> {
        let Some(path) = path else { return Ok(()) };
        let chinese = self.terminal.language() == Language::ZH;
        let page = report::render_quality(document, details, chinese)
            .context("the report page cannot be drawn")?;
        write_file(path, &page)
    }
}

impl ChangeArgs {
    fn changes(&self) -> Changes {
        Changes {
            train: self.train.clone(),
            noise: self.noise.clone(),
            index_share: self.index_share,
            seed: self.seed,
            drop_null_training: self.drop_null_training,
        }
    }
}

fn described(step: Step, terminal: &Terminal) -> (&'static str, usize, usize) {
    match step {
        Step::Articles { done, of } => {
            (terminal.pick("编码知识", "encoding the knowledge"), done, of)
        }
        Step::Fit => (terminal.pick("训练分类与校准", "fitting"), 0, 1),
        Step::Messages { done, of } => {
            (terminal.pick("编码消息", "encoding the messages"), done, of)
        }
        Step::Thresholds => (terminal.pick("计算门槛", "thresholds"), 0, 1),
    }
}
