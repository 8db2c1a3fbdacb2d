use proptest::prelude::*;

use super::*;

#[test]
fn the_data_is_valid() {
    wish::Forms::parse().unwrap();
    small_talk::Phrases::parse().unwrap();
    urgency::Rules::parse().unwrap();
    let kinds: Vec<String> = parse_texts().unwrap().into_keys().collect();
    let expected =
        ["calm", "goodbye", "greeting", "not_person", "out_of_scope", "person", "thanks", "urgent"];
    assert_eq!(kinds, expected);
}

#[test]
fn examples_are_many_and_in_both_languages() {
    let lists = examples();
    let check = |texts: &[&str], least: usize| {
        let chinese = texts.iter().filter(|text| text.chars().any(fold::is_han)).count();
        let unique: std::collections::BTreeSet<_> = texts.iter().collect();
        assert!(texts.len() >= least && unique.len() == texts.len(), "{texts:?}");
        assert!(chinese * 5 >= texts.len() * 2 && chinese * 5 <= texts.len() * 3, "{texts:?}");
    };
    check(&lists.person, 40);
    check(&lists.not_person, 40);
    check(&lists.greeting, 40);
    check(&lists.thanks, 40);
    check(&lists.goodbye, 40);
    check(&lists.urgent, 40);
    check(&lists.calm, 40);
    check(&lists.out_of_scope, 240);
}

/// The word lists need not see every example (the encoder is there for the rest), but they must never contradict one.
#[test]
fn word_lists_and_examples_agree() {
    let lists = examples();
    let quiet = [
        &lists.not_person,
        &lists.calm,
        &lists.out_of_scope,
        &lists.greeting,
        &lists.thanks,
        &lists.goodbye,
    ];
    for text in quiet.into_iter().flatten() {
        assert_ne!(person_wish(text), Some(Wish::Asked), "{text:?}");
        assert!(urgent_words(text).is_empty(), "{text:?} {:?}", urgent_words(text));
    }
    for text in [&lists.not_person, &lists.calm, &lists.out_of_scope, &lists.person, &lists.urgent]
        .into_iter()
        .flatten()
    {
        assert_eq!(small_talk(text), None, "{text:?}");
    }
    let share = |texts: &[&str], hit: fn(&str) -> bool| {
        texts.iter().filter(|text| hit(text)).count() as f64 / texts.len() as f64
    };
    let asked = share(&lists.person, |text| person_wish(text) == Some(Wish::Asked));
    let urgent = share(&lists.urgent, |text| !urgent_words(text).is_empty());
    assert!(asked >= 0.5 && urgent >= 0.5, "{asked} {urgent}");
    assert!(share(&lists.greeting, |text| small_talk(text) == Some(SmallTalk::Greeting)) >= 0.8);
    assert!(share(&lists.thanks, |text| small_talk(text) == Some(SmallTalk::Thanks)) >= 0.8);
    assert!(share(&lists.goodbye, |text| small_talk(text) == Some(SmallTalk::Goodbye)) >= 0.8);
}

fn check_wish(text: &str, expect: Option<Wish>) {
    assert_eq!(person_wish(text), expect, "{text:?}");
}

#[test]
fn chinese_wishes_for_a_person() {
    let asked = |text: &str| check_wish(text, Some(Wish::Asked));
    asked("人工");
    asked("转人工");
    asked("轉人工");
    asked("转 人 工！！");
    asked("人工客服");
    asked("我要人工服务");
    asked("找个活人");
    asked("找個活人來");
    asked("有真人吗");
    asked("真人客服在吗");
    asked("客服");
    asked("客服呢？");
    asked("转接客服");
    asked("麻烦转一下人工，谢谢");
    asked("能不能转人工");
    asked("要不要转人工处理一下");
    asked("为什么不转人工");
    asked("怎么还不给我转人工啊");
    asked("不要机器人");
    asked("不要机器人转人工");
    asked("别机器人了，给我人工");
    asked("不用了 转人工");
    asked("不用，转人工吧");
    asked("刚才说不用人工，现在要人工");
    asked("特别想找人工");
    asked("退款到现在没到，给我转人工");
    asked("人工智能听不懂，转人工");
    asked("叫你们经理来");
    asked("找你们负责人");
    asked("我想跟人聊，不想跟机器说");
    asked("来个人啊");
    asked("退款没到，你们客服呢");
    asked("到底有没有客服");
    asked("怎么联系人工客服");
    asked("我要找agent");
    asked("zhuan rengong");
}

#[test]
fn chinese_refusals_of_a_person() {
    let declined = |text: &str| check_wish(text, Some(Wish::Declined));
    declined("不用人工");
    declined("别转人工");
    declined("別轉人工");
    declined("先别给我转人工");
    declined("不需要人工客服");
    declined("不用麻烦人工了");
    declined("不要再给我转什么人工");
    declined("人工就不用了");
    declined("无需真人");
    declined("不想找人工");
    declined("我没说要转人工");
    declined("取消转人工");
    declined("不用转人工，你告诉我退款多久就行");
}

#[test]
fn chinese_words_that_only_look_like_a_wish() {
    let none = |text: &str| check_wish(text, None);
    none("安装要人工费吗");
    none("人工費怎麼算");
    none("这是人工智能吗");
    none("人工客服几点上班");
    none("人工审核要多久");
    none("你是真人吗");
    none("是不是真人实拍");
    none("客服在吗");
    none("客服电话多少");
    none("有没有客服电话");
    none("客服态度太差");
    none("在哪里找个人中心");
    none("个人信息怎么改");
    none("可以换个人收货吗");
    none("扫地机器人多少钱");
    none("模特是真人试穿吗");
    none("客服，你好！怎么改手机号");
    none("为什么还没给我打电话");
    none("快递换个人就不会这样了");
    none("退款多久到账");
    none("手工做的吗");
    none("");
    none("👍");
}

#[test]
fn english_wishes_for_a_person() {
    let asked = |text: &str| check_wish(text, Some(Wish::Asked));
    asked("agent");
    asked("AGENT!!!");
    asked("human please");
    asked("representative");
    asked("speak to someone");
    asked("I want to speak to a human");
    asked("can i talk to a real person?");
    asked("let me talk to somebody");
    asked("connect me to an agent");
    asked("please transfer me to customer service");
    asked("put me through to your supervisor");
    asked("get me a human");
    asked("i need a rep asap");
    asked("is there a human here");
    asked("this isn't helping, agent please");
    asked("No. Agent.");
    asked("no, i want to talk to an agent");
    asked("why can't I talk to a human");
    asked("why not connect me to a human");
    asked("why don’t you connect me to a person");
    asked("i don't understand get me an agent");
    asked("not a bot please");
    asked("I don't want a bot");
    asked("live chat");
    asked("customer support please");
    asked("can someone call me back");
    asked("any real person available");
    asked("let me speak with a customer care executive");
    asked("how do i contact customer service");
    asked("human pls");
    asked("represenative");
    asked("where's my refund?? give me a human");
    asked("please 帮我 transfer to agent");
}

#[test]
fn english_refusals_of_a_person() {
    let declined = |text: &str| check_wish(text, Some(Wish::Declined));
    declined("no need for an agent");
    declined("No agent, thanks");
    declined("i don't need a human");
    declined("I do not want to talk to an agent");
    declined("don't transfer me to an agent");
    declined("please don't connect me to a person, just the address");
    declined("without having to talk to an agent");
    declined("no human needed");
    declined("rather not speak to anyone");
    declined("a human is not necessary, get a human is not needed");
}

#[test]
fn english_words_that_only_look_like_a_wish() {
    let none = |text: &str| check_wish(text, None);
    none("my real estate agent recommended you");
    none("what is the user agent");
    none("do you sell a descaling agent");
    none("is the human-shaped opener in stock");
    none("the agent told me it would come yesterday");
    none("your representative was rude");
    none("are you a human?");
    none("is this a real person");
    none("I'm not a robot");
    none("can someone tell me how long a refund takes");
    none("i spoke to an agent yesterday");
    none("need help with my order");
    none("i want a refund");
    none("where is my order");
    none("what hours can I contact customer support");
    none("could you tell me if you're a real person");
    none("password manager");
    none("i want to become an agent for your brand");
    none("please contact the courier");
    none("reach");
}

#[test]
fn a_whole_message_of_small_talk() {
    let check =
        |text: &str, expect: Option<SmallTalk>| assert_eq!(small_talk(text), expect, "{text:?}");
    let greeting = Some(SmallTalk::Greeting);
    let thanks = Some(SmallTalk::Thanks);
    let goodbye = Some(SmallTalk::Goodbye);
    check("你好", greeting);
    check("您好！", greeting);
    check("亲，在吗？", greeting);
    check("客服在吗", greeting);
    check("有人在吗～", greeting);
    check("你好你好 😊", greeting);
    check("早上好呀", greeting);
    check("請問", greeting);
    check("hi 在吗", greeting);
    check("Hiiiii", greeting);
    check("Hello there!!", greeting);
    check("good mornign", greeting);
    check("hey, is anyone there?", greeting);
    check("👋", greeting);
    check("谢谢", thanks);
    check("謝謝你", thanks);
    check("好的，谢谢", thanks);
    check("嗯嗯知道了", thanks);
    check("收到🌹🌹", thanks);
    check("👍", thanks);
    check("[强][强]", thanks);
    check("ok", thanks);
    check("OK, got it", thanks);
    check("thx!", thanks);
    check("Thankssss a lot :)", thanks);
    check("great, thank you so much for your help", thanks);
    check("你好，谢谢", thanks);
    check("no thanks", thanks);
    check("再见", goodbye);
    check("好的谢谢，再见", goodbye);
    check("拜拜啦", goodbye);
    check("先这样吧", goodbye);
    check("byeee", goodbye);
    check("thanks, have a nice day!", goodbye);
    check("[再见]", goodbye);
    check("ok bye", goodbye);
    check("你好，退款多久", None);
    check("谢谢，那运费谁出", None);
    check("thanks but where is my order", None);
    check("hi can i return this", None);
    check("ok but why", None);
    check("亲", greeting);
    check("high", None);
    check("this", None);
    check("谢谢😡", None);
    check("😡", None);
    check("😀", None);
    check("", None);
    check("???", None);
    check("1", None);
    check("是的", None);
    check("客服", None);
    check("退款", None);
    check("拜托快点", None);
    check("ok?", None);
    check("太麻烦了", None);
    check("好的谢谢，可以吧？", None);
}

fn check_urgent(text: &str, expect: &[&str]) {
    assert_eq!(urgent_words(text), expect, "{text:?}");
}

#[test]
fn chinese_words_that_cannot_wait() {
    let check = check_urgent;
    check("账号好像被盗了", &["account_theft"]);
    check("帳號被盜了怎麼辦", &["account_theft"]);
    check("我的密码被人改了", &["account_theft"]);
    check("有人用我的账号下单，不是我下的单", &["account_theft"]);
    check("信用卡被盗刷", &["card_theft"]);
    check("有个自称你们客服的人让我转账，我转了两千", &["fraud"]);
    check("银行卡一直在扣钱", &["money_draining"]);
    check("水壶着火了", &["fire"]);
    check("插头冒烟了！！", &["fire"]);
    check("电饭煲漏电", &["electric_shock"]);
    check("洗碗的时候被电到了", &["electric_shock"]);
    check("高压锅爆炸了", &["explosion"]);
    check("玻璃盖炸裂，手割破了", &["explosion", "injury"]);
    check("家里有煤气味", &["gas"]);
    check("我妈被烫伤了", &["injury"]);
    check("锅把手断了砸到脚，在医院", &["injury"]);
    check("宝宝误吞了瓶盖上的小零件", &["child_danger"]);
    check("吃完上吐下泻", &["poisoning"]);
    check("24小时内不退款我就起诉", &["legal_deadline"]);
    check("限你们三天内解决，否则12315见", &["legal_deadline"]);
    check("明天之前不处理，律師函就到", &["legal_deadline"]);
    check("我不想活了", &["self_harm"]);
    check("再不退钱我就从楼上跳楼", &["self_harm"]);
    check("信不信我杀了你们", &["violence"]);
    check("快递员威胁我，还动手打人", &["violence"]);
    check("漏 电 了", &["electric_shock"]);
    check("会漏电！昨天把我电了一下", &["electric_shock"]);
}

#[test]
fn chinese_anger_and_figures_can_wait() {
    let calm = |text: &str| check_urgent(text, &[]);
    calm("急死了");
    calm("我要气死了，快点");
    calm("累死了");
    calm("跳楼价什么时候有");
    calm("这个锅很火吗");
    calm("秒杀几点开始");
    calm("空气炸锅能炸鸡吗");
    calm("这个插座会漏电吗");
    calm("会不会烫伤孩子");
    calm("防烫伤的手套有吗");
    calm("气得冒烟了");
    calm("心态炸了");
    calm("我要起诉你们");
    calm("再不发货我就打12315");
    calm("三天内能到吗");
    calm("密码忘了");
    calm("账号怎么注销");
    calm("屏幕划伤了能退吗");
    calm("为什么扣了我两次钱");
    calm("打了三次电话没人接");
    calm("在线等，很急");
    calm("想死你们家的咖啡豆了");
    calm("快递员态度不好");
    calm("退款多久到账");
    calm("烟雾报警器怎么装");
    calm("是不是骗子");
    calm("");
}

#[test]
fn english_words_that_cannot_wait() {
    let check = check_urgent;
    check("My account was hacked", &["account_theft"]);
    check("someone logged into my account", &["account_theft"]);
    check("I didn’t place this order!", &["account_theft"]);
    check("there are unauthorised charges on my card", &["card_theft"]);
    check("someone used my card without asking", &["card_theft"]);
    check("a scammer pretending to be you, I gave them my card number", &["fraud"]);
    check("you keep charging my card every ten minutes", &["money_draining"]);
    check("the kettle caught fire", &["fire"]);
    check("there is smoke coming out of the plug", &["fire"]);
    check("it gave me a shock", &["electric_shock"]);
    check("I got an electric shock from the toaster", &["electric_shock"]);
    check("the pressure cooker exploded", &["explosion"]);
    check("I smell gas", &["gas"]);
    check("it burned my hand", &["injury"]);
    check("my wife is in hospital", &["injury"]);
    check("glass everywhere and I'm bleeding", &["injury"]);
    check("my son swallowed the cap", &["child_danger"]);
    check("I had an allergic reaction", &["poisoning"]);
    check("my lawyer will file by Friday", &["legal_deadline"]);
    check("refund within 48 hours or I go to small claims", &["legal_deadline"]);
    check("I want to die", &["self_harm"]);
    check("I'll kill you", &["violence"]);
    check("the driver threatened me", &["violence"]);
    check("KETTLE ON FIRE", &["fire"]);
}

#[test]
fn english_anger_and_figures_can_wait() {
    let calm = |text: &str| check_urgent(text, &[]);
    calm("this wait is killing me");
    calm("I'm dying to try it");
    calm("a coffee to die for");
    calm("what a steal");
    calm("is the fire sale still on");
    calm("fire your copywriter");
    calm("I was shocked by the fee");
    calm("burning question: do you ship to Spain");
    calm("I will sue you");
    calm("my lawyer says hi");
    calm("can it arrive within 48 hours");
    calm("can it catch fire?");
    calm("does the kettle kill bacteria");
    calm("do you have bath bombs");
    calm("any kitchen hacks with this pan");
    calm("almost had a heart attack when I saw the price");
    calm("is it poisonous");
    calm("urgent!!! where is my order");
    calm("worst company ever");
    calm("you charged me twice");
    calm("is there a fee for using my card");
    calm("the chocolate arrived melted");
    calm("can you deliver to the City Hospital");
    calm("is this mail from you a scam");
    calm("the courier was rude");
    calm("the paint is scratched");
    calm("nobody got hurt");
    calm("how do I change my password");
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "(?s).*|([转人工不用别 agenthum,。!]|no |the ){0,30}") {
        let _wish = person_wish(&text);
        let _talk = small_talk(&text);
        let names = urgent_words(&text);
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        prop_assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn a_wish_is_seen_beside_anything_else(before in "[退款多久订单，。 ]{0,12}", after in "[，。！ ]{0,3}[谢多少钱]{0,6}") {
        prop_assert_eq!(person_wish(&format!("{before}，转人工，{after}")), Some(Wish::Asked));
    }
}
