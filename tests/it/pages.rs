//! The console as a person meets it: a running service, a real Chromium. Where no Chromium is installed one line says so
//! and the tests pass.

use std::sync::LazyLock;

use firstline::decision::evidence::Readings;
use firstline::server::Running;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::shop::{self, Shop};
use crate::support::{self, ANSWERED, PERSON, URGENT};
use crate::webdriver::Browser;

/// Would leave a trace in the page if any of it ran.
const MARKUP: &str = "<img src=x onerror=\"window.ran=1\"><svg onload=\"window.ran=1\"></svg>\
                      </textarea></script><script>window.ran=1</script>{{window.ran=1}}";

/// Asked like this, the hostile article answers.
const TRICK: &str = "thief voucher islands mail";
/// Asked like this, the bot asks back.
const VAGUE: &str = "parcels stranger sunday";

/// The shop of all tests, with an article that means harm and one that asks back.
static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let hostile = format!(
        "---\nid: hostile\ntitle: '{MARKUP}'\nlang: en\nqueue: general\nquestions:\n  - {TRICK}\n  - '{MARKUP}'\n\
         ---\nBefore `{MARKUP}` after.\n\n## {MARKUP}\n\n{MARKUP}\n"
    );
    let vague = format!(
        "---\nid: vague\ntitle: What do you mean\nlang: en\nhandling: clarify\nquestions:\n  - {VAGUE}\noptions:\n\
         \x20 - label: Refunds\n    article: refund-time\n  - label: Shipping\n    article: shipping-cost\n---\n"
    );
    shop::open(&[("hostile.md", &hostile), ("vague.md", &vague)])
});

/// A browser in front of a service of its own.
struct Console {
    browser: Browser,
    origin: String,
    service: Running,
    runtime: Runtime,
}

impl Console {
    fn start(language: &str) -> Option<Self> {
        let browser = Browser::start(language)?;
        let runtime = Runtime::new().unwrap();
        let service = runtime.block_on(support::service_of(&SHOP));
        let origin = format!("http://{}", service.admin_addr());
        Some(Self { browser, origin, service, runtime })
    }

    fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.origin));
        self.until("document.querySelector('#foot code')");
    }

    fn until(&self, expression: &str) -> Value {
        self.browser.until(expression)
    }

    /// Writes in the chat, sends, and waits for the decision.
    fn ask(&self, text: &str) {
        let before = self.count(".verdict-line");
        let text = json!(text);
        self.browser.run(&format!(
            "document.getElementById('words').value = {text}; document.getElementById('send').click();"
        ));
        self.until(&format!("document.querySelectorAll('.verdict-line').length > {before}"));
    }

    fn click(&self, selector: &str) {
        self.until(&format!("document.querySelector({})", json!(selector)));
        self.browser.run(&format!("document.querySelector({}).click()", json!(selector)));
    }

    fn count(&self, selector: &str) -> u64 {
        let script = format!("return document.querySelectorAll({}).length", json!(selector));
        self.browser.run(&script).as_u64().unwrap()
    }

    /// The texts of all elements, in order.
    fn texts(&self, selector: &str) -> Vec<String> {
        let script = format!(
            "return [...document.querySelectorAll({})].map((element) => element.textContent)",
            json!(selector)
        );
        serde_json::from_value(self.browser.run(&script)).unwrap()
    }

    /// Sets a field as a person does, so that the page notices.
    fn fill(&self, id: &str, value: &str) {
        self.browser.run(&format!(
            "const field = document.getElementById({}); field.value = {};
             for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {{ bubbles: true }}));",
            json!(id),
            json!(value)
        ));
    }

    /// Nothing ran, nothing was made an element, nothing was refused or thrown, nothing left the origin.
    fn at_peace(&self) {
        assert_eq!(self.browser.run("return window.ran ?? null"), Value::Null);
        let foreign =
            "main img, main script, main svg, main iframe, main object, main style, main link";
        assert_eq!(self.count(foreign), 0);
        assert_eq!(self.browser.complaints(), Vec::<String>::new());
        let requests = self.browser.requests();
        let own = format!("{}/", self.origin);
        assert!(
            !requests.is_empty() && requests.iter().all(|url| url.starts_with(&own)),
            "{requests:?}"
        );
    }
}

#[test]
fn chat_answers_and_explains() {
    let Some(console) = Console::start("en") else { return };
    console.open("/chat");
    // By keyboard alone: the cursor is where one writes.
    console.until("document.activeElement.id === 'words'");
    console.browser.press(&format!("{ANSWERED}\u{e007}"));
    console.until("document.querySelector('.verdict-line')");
    assert_eq!(console.texts(".bubble.customer"), [ANSWERED]);
    assert_eq!(console.texts(".bubble.bot"), ["All about refund-time."]);
    assert_eq!(console.texts(".verdict strong"), ["Answered"]);
    assert!(console.texts(".verdict .ref")[0].starts_with("refund-time@"));
    assert_eq!(console.count(".gate .passed i"), 1);
    assert!(console.count(".candidates li") > 1);
    assert_eq!(console.count(".evidence tbody tr"), Readings::COUNT as u64);
    assert!(console.count(".intents li") > 1 && console.count(".legend li") > 1);
    // No certificate, no percentage: the state and its sentence instead.
    assert_eq!(console.texts(".guarantee .provisional"), ["Provisional"]);
    assert!(!console.texts("#why")[0].contains('%'));
    // The candidate leads to its article, and the session is still there afterwards.
    console.click(".verdict .ref");
    console.until("document.querySelector('tbody.open .prose')");
    console.open("/chat");
    assert_eq!(console.texts(".bubble.bot"), ["All about refund-time."]);
    console.at_peace();
}

#[test]
fn a_question_back_can_be_tapped() {
    let Some(console) = Console::start("en") else { return };
    console.open("/chat");
    console.ask(VAGUE);
    assert_eq!(console.texts(".choices button"), ["Refunds", "Shipping"]);
    console.click(".choices button");
    console.until("document.querySelectorAll('.verdict-line').length === 2");
    assert_eq!(console.texts(".bubble.bot").pop().unwrap(), "All about refund-time.");
    assert_eq!(console.count(".choices button:enabled"), 0);
    // An earlier message can be explained again.
    console.click(".verdict-line");
    console.until("document.querySelector('.verdict strong').textContent === 'Asked back'");
    console.at_peace();
}

#[test]
fn a_hostile_message_is_text() {
    let Some(console) = Console::start("en") else { return };
    console.open("/chat");
    let long = "<b>".repeat(2730);
    let turned = "abc \u{202e}gnp.exe\u{2066} \u{200f}\u{0} def";
    for text in
        [MARKUP, "\"><script>window.ran=1</script>", "javascript:window.ran=1", turned, &long]
    {
        console.ask(text);
        assert_eq!(console.texts(".bubble.customer").pop().unwrap(), text);
        assert!(!console.texts(".verdict strong").is_empty());
    }
    // Direction marks end where the message ends.
    let bidi = "return getComputedStyle(document.querySelector('.bubble.customer')).unicodeBidi";
    assert_eq!(console.browser.run(bidi), "isolate");
    console.fill("words", &"长".repeat(2731));
    assert!(console.texts("#limit")[0].contains("8,193"));
    console.ask(&format!("{PERSON} {MARKUP}"));
    console.open("/queues");
    console.until("document.querySelector('#waiting .said')?.textContent.includes('onerror')");
    console.at_peace();
}

#[test]
fn a_hostile_article_is_text() {
    let Some(console) = Console::start("zh-CN") else { return };
    console.open("/knowledge?article=hostile");
    console.until("document.querySelector('tbody.open .prose')");
    assert_eq!(console.texts("tbody.open .row-open"), [MARKUP]);
    assert_eq!(console.texts("tbody.open .prose")[0], format!("Before `{MARKUP}` after."));
    assert!(console.texts("tbody.open .plain a").contains(&MARKUP.to_owned()));
    assert_eq!(console.count("tbody.open summary"), 1);
    assert_eq!(console.texts("tbody.open .prose")[1], MARKUP);
    console.open("/chat");
    console.ask(TRICK);
    assert!(console.texts(".bubble.bot")[0].contains("onerror"));
    assert!(console.texts(".verdict")[0].contains(MARKUP));
    console.at_peace();
}

#[test]
fn queues_stand_in_order_and_waits_count_up() {
    let Some(console) = Console::start("en") else { return };
    console.open("/queues");
    console.until("document.querySelector('#waiting .empty')");
    console.open("/chat");
    console.ask(PERSON);
    console.click("#fresh");
    console.ask(URGENT);
    assert_eq!(console.texts(".verdict .class"), ["urgent"]);
    console.click("nav a[href='/queues']");
    console.until("document.querySelectorAll('#waiting-rows tr').length === 2");
    assert_eq!(console.texts("#waiting-rows .class"), ["urgent", "normal"]);
    assert_eq!(console.texts("#waiting-rows .said"), [URGENT, PERSON]);
    assert_eq!(console.texts("#waiting-rows .col-place"), ["1", "1"]);
    assert!(console.texts("#waiting-rows .col-reason").iter().all(|reason| reason.ends_with('.')));
    assert_eq!(console.texts("#modes .pill"), ["Everywhere: Automation on"]);
    let waited = console.texts("#waiting-rows .figure");
    console.until(&format!(
        "document.querySelector('#waiting-rows .figure').textContent !== {}",
        json!(waited[0])
    ));
    // One queue's line alone, and back.
    console.click(".card");
    console.until("document.querySelectorAll('#waiting-rows tr').length === 1");
    console.click("#all-queues");
    console.until("document.querySelectorAll('#waiting-rows tr').length === 2");
    console.at_peace();
}

#[test]
fn queues_rest_while_nobody_looks() {
    let Some(console) = Console::start("en") else { return };
    console.open("/queues");
    let looks = "performance.getEntriesByName(`${location.origin}/admin/queues`).length";
    console.until(&format!("{looks} > 1"));
    let hide = |hidden: bool| {
        console.browser.run(&format!(
            "Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {hidden} }});
             document.dispatchEvent(new Event('visibilitychange'));
             window.since = Date.now();"
        ));
    };
    hide(true);
    console.until("Date.now() - window.since > 300");
    let before = console.browser.run(&format!("return {looks}")).as_u64().unwrap();
    console.until("Date.now() - window.since > 2600");
    assert_eq!(console.browser.run(&format!("return {looks}")), before);
    hide(false);
    console.until(&format!("{looks} > {before}"));
}

#[test]
fn knowledge_can_be_searched_and_filtered() {
    let Some(console) = Console::start("en") else { return };
    console.open("/knowledge");
    console.until("document.querySelector('.row-open')");
    let all = console.count(".row-open");
    console.fill("search", "GIFT card");
    assert_eq!(console.texts(".row-open"), ["How do I redeem a gift card"]);
    console.fill("search", "no such thing");
    assert_eq!((console.count(".row-open"), console.count("#articles .empty")), (0, 1));
    console.fill("search", "");
    console.fill("kb-language", "zh");
    assert_eq!(console.texts(".row-open"), ["退款多久到账"]);
    console.fill("kb-language", "");
    console.fill("kb-health", "well");
    let well = console.count(".row-open");
    assert!(0 < well && well < all, "{well} of {all}");
    console.fill("kb-health", "");
    assert_eq!(console.count(".row-open"), all);
    // A file that is not served says what to do, in the language of the page.
    assert!(console.texts("#unserved .findings li")[0].contains("Y2"));
    assert!(console.texts("#unserved .findings li")[0].contains("Do this: "));
    console.click("#language");
    assert!(console.texts("#unserved .findings li")[0].contains("这样改："));
    console.at_peace();
}

#[test]
fn both_languages_are_whole_and_the_choice_is_remembered() {
    let Some(console) = Console::start("zh-CN") else { return };
    let titles = |console: &Console| {
        ["/chat", "/queues", "/knowledge"].map(|path| {
            console.open(path);
            let text = console.browser.run("return document.body.innerText");
            // The names of texts, where one is missing; `[queues.…]` is a table of the configuration.
            let text = text.as_str().unwrap().replace("[queues.", "[");
            let keys = ["nav.", "chat.", "why.", "queues.", "kb.", "mode.", "reason.", "foot."];
            assert_eq!(keys.iter().find(|key| text.contains(**key)), None, "{text}");
            console.browser.run("return document.title").as_str().unwrap().to_owned()
        })
    };
    console.open("/chat");
    console.ask(ANSWERED);
    assert_eq!(console.texts(".verdict strong"), ["已回答"]);
    assert_eq!(titles(&console), ["对话 · firstline", "队列 · firstline", "知识库 · firstline"]);
    console.click("#language");
    assert_eq!(
        titles(&console),
        ["Chat · firstline", "Queues · firstline", "Knowledge · firstline"]
    );
    assert_eq!(console.browser.run("return document.documentElement.lang"), "en-GB");
    console.at_peace();
}

#[test]
fn every_screen_fits_a_phone() {
    let Some(console) = Console::start("zh-CN") else { return };
    console.browser.narrow(360);
    console.open("/chat");
    console.ask(MARKUP);
    console.ask(ANSWERED);
    for path in ["/chat", "/queues", "/knowledge?article=hostile"] {
        console.open(path);
        let wide = "return document.documentElement.scrollWidth";
        assert_eq!(console.browser.run(wide), 360, "{path}");
    }
    console.at_peace();
}

#[test]
fn a_lost_service_is_said_and_found_again() {
    let Some(console) = Console::start("en") else { return };
    console.open("/chat");
    assert_eq!(console.count("#banner:not([hidden])"), 0);
    let Console { browser, service, runtime, .. } = console;
    runtime.block_on(service.shutdown());
    browser.until(
        "document.querySelector('#banner:not([hidden])')?.textContent.includes('No connection')",
    );
    browser.run(
        "document.getElementById('words').value = 'hello'; document.getElementById('send').click()",
    );
    browser.until("document.querySelector('.trouble button')");
}

#[test]
fn pages_may_load_and_run_nothing_else() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let service = support::service().await;
        for path in ["/", "/chat", "/queues", "/knowledge", "/console/main.js"] {
            let page = support::admin(&service, path).await;
            let policy = page.header("content-security-policy").unwrap();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
                "{path}"
            );
            assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        }
    });
}
