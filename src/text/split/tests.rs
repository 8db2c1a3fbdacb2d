use proptest::prelude::*;

use super::{Certainty, questions};

fn check(text: &str, expect: &[&str]) {
    let found = questions(text);
    assert_eq!(found.pieces, expect, "{text:?}");
    assert_eq!(found.certainty, Certainty::Sure, "{text:?}");
}

/// Nothing but a pause may divide it.
fn whole(text: &str) {
    let found = questions(text);
    let one = found.pieces == [text] && found.certainty == Certainty::Sure;
    assert!(one || found.certainty != Certainty::Sure, "{found:?}");
}

#[test]
fn sentences_that_each_ask_are_set_apart() {
    check("退款多久到账？发票怎么开？", &["退款多久到账？", "发票怎么开？"]);
    check("退货运费谁承担?会员怎么升级?", &["退货运费谁承担?", "会员怎么升级?"]);
    check("退款多久到账\n发票怎么开", &["退款多久到账", "发票怎么开"]);
    check("請問運費誰出？發票怎麼開？", &["請問運費誰出？", "發票怎麼開？"]);
    check(
        "How long does a refund take? Do you ship to Canada?",
        &["How long does a refund take?", "Do you ship to Canada?"],
    );
    check(
        "Where can I find my invoice? What are your opening hours? thanks!",
        &["Where can I find my invoice?", "What are your opening hours?"],
    );
    check("你好！退款多久到账？发票怎么开？", &["退款多久到账？", "发票怎么开？"]);
    check(
        "How do I reset my password? I moved to Leeds. How do I change my address?",
        &["How do I reset my password?", "I moved to Leeds. How do I change my address?"],
    );
}

#[test]
fn money_that_was_taken_is_a_matter_of_its_own() {
    check(
        "How do I use a coupon? Also, I was charged twice for my last order.",
        &["How do I use a coupon?", "Also, I was charged twice for my last order."],
    );
    check(
        "优惠券怎么用？还有，上周那单重复扣款了",
        &["优惠券怎么用？", "还有，上周那单重复扣款了"],
    );
}

#[test]
fn connectors_open_a_new_matter() {
    check("退款多久到账，另外发票怎么开", &["退款多久到账，", "另外发票怎么开"]);
    check("怎么改收货地址 还有积分什么时候过期", &["怎么改收货地址", "还有积分什么时候过期"]);
    check("运费是多少呢还有能开发票吗", &["运费是多少呢", "还有能开发票吗"]);
    check(
        "我要退这个杯子，顺便问一下会员日是几号",
        &["我要退这个杯子，", "顺便问一下会员日是几号"],
    );
    check("快递还没到，另外帮我把发票重开一下", &["快递还没到，", "另外帮我把发票重开一下"]);
    check("怎麼退貨？另外，運費誰出？", &["怎麼退貨？", "另外，運費誰出？"]);
    check(
        "退款多久到账。另外，还有个问题，怎么开发票",
        &["退款多久到账。", "另外，还有个问题，怎么开发票"],
    );
    check(
        "how do i return the kettle also do you ship to canada",
        &["how do i return the kettle", "also do you ship to canada"],
    );
    check(
        "When will my refund arrive, and also can I change my address?",
        &["When will my refund arrive,", "and also can I change my address?"],
    );
    check(
        "My parcel never arrived. By the way, how do I cancel my membership?",
        &["My parcel never arrived.", "By the way, how do I cancel my membership?"],
    );
    check(
        "what is the return window and who pays return shipping",
        &["what is the return window", "and who pays return shipping"],
    );
    check("1、退款多久到账 2、收货地址怎么改", &["1、退款多久到账", "2、收货地址怎么改"]);
    check(
        "1) how long is the warranty 2) do you sell spare parts",
        &["1) how long is the warranty", "2) do you sell spare parts"],
    );
}

#[test]
fn a_pause_may_divide() {
    let check = |text: &str, expect: &[&str], certainty: Certainty| {
        let found = questions(text);
        assert_eq!(
            (found.certainty, found.pieces),
            (certainty, expect.iter().map(|s| (*s).to_owned()).collect()),
            "{text:?}"
        );
    };
    let likely = |text: &str, expect: &[&str]| check(text, expect, Certainty::Likely);
    likely("怎么退货，多久到账", &["怎么退货，", "多久到账"]);
    likely("发票怎么开 会员怎么升级", &["发票怎么开", "会员怎么升级"]);
    likely("请问运费怎么算，几天能送到？", &["请问运费怎么算，", "几天能送到？"]);
    likely("杯子能进微波炉吗，碎了怎么退", &["杯子能进微波炉吗，", "碎了怎么退"]);
    likely(
        "how do i return a mug and when will i get my money",
        &["how do i return a mug", "and when will i get my money"],
    );
    likely(
        "do you ship to norway, what does delivery cost",
        &["do you ship to norway,", "what does delivery cost"],
    );
    let possible = |text: &str, expect: &[&str]| check(text, expect, Certainty::Possible);
    possible("我要改地址，发票能重开吗", &["我要改地址，", "发票能重开吗"]);
    possible("my pan is broken, can i swap the lid", &["my pan is broken,", "can i swap the lid"]);
    possible("我要退货。退款几天到账？", &["我要退货。", "退款几天到账？"]);
    for text in [
        "我上周买的杯子，昨天才到，打开一看碎了",
        "你好，退款多久到账",
        "这个能退吗，它的运费谁出",
        "快递到哪了，怎么回事",
        "i bought a kettle, a pan and a lid, where are they",
        "is it black, white or red",
        "退款 多久",
    ] {
        check(text, &[text], Certainty::Sure);
    }
}

#[test]
fn one_matter_stays_whole() {
    whole("退款多久到账？");
    whole("");
    whole("你好，退款多久");
    whole("你好！");
    whole("我上周买了一个水壶，用了两天就漏水了，找过你们一次没人理。现在想退货，运费谁出？");
    whole("我买了杯子，还有盘子，什么时候发货？");
    whole("我买了两个，另外一个什么时候发货？");
    whole("我的会员还有多久到期？");
    whole("积分怎么用，还有多少天过期？");
    whole("优惠券还有吗？");
    whole("退款怎么还没到账？为什么这么慢？");
    whole("快递到哪了？怎么回事？到底什么时候能到？");
    whole("能退吗？多久？");
    whole("这个能退吗？它的运费谁出？");
    whole("你们怎么还有脸问我要不要退款");
    whole("我要退货。请尽快处理。");
    whole("退款多久到账？具体需要什么条件？");
    whole("优惠券为什么用不了？是不是过期了？");
    whole("我要退货，然后运费怎么算？");
    whole("我的优惠券不见了？怎么更换");
    whole(
        "I ordered a kettle on the 3rd. It came with a dent. Who do I talk to? Can I get a new one?",
    );
    whole("Where is my parcel? It was due on Monday. Why is nobody answering?");
    whole("Where is my order? When will it arrive?");
    whole("can i use points and also a coupon for the order?");
    whole("can i also pay with paypal?");
    whole("i would like to know if i can also pay by paypal");
    whole("what is the return window and what documents do i need");
    whole("my card expires and how long does it take to get a new one");
    whole("I ordered a mug two weeks ago, is it lost? What do I do?");
    whole("How do I change the password? Do I have to call you?");
    whole("how and when can i return the kettle");
    whole("Is this how you treat customers? Where is my refund?");
    whole("Where is my refund? Are you kidding me? Do you even read these?");
    whole("version 2.5 kettle does not heat");
    whole("hello? where is my order? hello?");
}

#[test]
fn a_single_piece_is_the_trimmed_text() {
    check("  退款多久？ \n", &["退款多久？"]);
    check("\u{3000}", &[""]);
}

proptest! {
    #[test]
    fn pieces_stand_in_the_text_in_order(text in "(?s).*|([吗怎么多久另外还有also how? .。\n1、]|退款|发票){0,40}") {
        let pieces = questions(&text).pieces;
        prop_assert!(!pieces.is_empty());
        let mut rest = text.as_str();
        for piece in &pieces {
            let at = rest.find(piece.as_str());
            prop_assert!(at.is_some(), "{piece:?} not in {rest:?}");
            rest = at.and_then(|at| rest.get(at + piece.len()..)).unwrap_or_default();
        }
    }

    #[test]
    fn a_piece_is_not_cut_again(text in "([吗？。，\n]|退款多久到账|发票怎么开|另外|你好|还有|帮我改地址|它能退){0,12}") {
        let found = questions(&text);
        for piece in found.pieces {
            let again = questions(&piece);
            let further = again.pieces.len() > 1 && again.certainty == Certainty::Sure;
            prop_assert!(!further, "{:?}", piece);
        }
    }
}
