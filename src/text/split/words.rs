//! The words that `clause` judges by. Traditional forms stand beside simplified ones; English is in lower case.

/// Open a new matter wherever they stand.
pub(super) const CONNECTORS_ZH: [&str; 15] = [
    "另外", "顺便问", "順便問", "顺便", "順便", "此外", "另一个问题", "另一個問題", "还有一个问题", "還有一個問題",
    "还有个问题", "還有個問題", "第二个问题", "第二個問題", "其次",
];

/// Open a new matter after a mark, a space, or the end of a question.
pub(super) const CONNECTORS_ZH_AFTER_PAUSE: [&str; 9] = [
    "还有", "還有", "再问", "再問", "还想问", "還想問", "对了", "對了", "再就是",
];

/// After 还有 these make it "still have" and no connector.
pub(super) const STILL_HAVE: [&str; 17] = [
    "多", "几", "幾", "没", "沒", "吗", "嗎", "啥", "什么", "什麼", "货", "貨", "其他", "别的", "別的", "哪",
    "机会",
];

/// Open a new matter after a space; longer ones first.
pub(super) const CONNECTORS_EN: [&str; 19] = [
    "and by the way", "and another question", "and one more thing", "and also", "also", "by the way", "btw",
    "another question", "another thing", "one more question", "one more thing", "one other thing", "additionally",
    "secondly", "second question", "on another note", "separately", "in addition", "apart from that",
];

/// English questions after a bare `and`: those that bring a subject of their own.
pub(super) const ASKING_AFTER_AND: [&str; 15] = [
    "how do i", "how do you", "how can i", "can i", "could i", "do you", "where do i", "where can i", "who pays",
    "how long does", "how long do", "how much does", "how much is", "is there a fee", "what happens if",
];

/// Said before a question without being part of it.
pub(super) const INTRODUCTIONS: [&str; 22] = [
    "please tell me ", "can you tell me ", "could you tell me ", "tell me ", "i want to know ", "i'd like to know ",
    "i would like to know ", "i was wondering ", "i wonder ", "do you know ", "please ", "pls ", "plz ", "so ",
    "and ", "then ", "ok ", "hi ", "hello ", "hey ", "just ", "if ",
];

/// English questions begin with these.
pub(super) const ASKING_EN: [&str; 34] = [
    "how", "what", "what's", "whats", "when", "where", "where's", "wheres", "which", "who", "why", "can", "could",
    "do", "does", "did", "is", "are", "will", "would", "should", "may", "am i", "has", "have you", "can't",
    "don't you", "doesn't", "isn't", "won't", "any chance", "any news", "any way", "hows",
];

/// English wishes begin with these.
pub(super) const WISHES_EN: [&str; 13] = [
    "i want", "i need", "i'd like", "i would like", "i wanna", "help me", "cancel", "change", "send", "check",
    "refund", "update", "remove",
];

/// English wishes and reports of what does not work.
pub(super) const NEEDS_EN: [&str; 34] = [
    "i want", "i need", "i'd like", "i would like", "i wanna", "please", "pls ", "plz ", "help me", "can you",
    "hasn't arrived", "not arrived", "never arrived", "didn't arrive", "hasn't come", "never came", "doesn't work",
    "not working", "stopped working", "broken", "is missing", "damaged", "wrong item", "can't log", "cannot log",
    "haven't received", "not received", "never received", "didn't get", "never got", "won't open", "charged twice",
    "overcharged", "charged me",
];

/// Chinese questions hold one of these.
pub(super) const ASKING_ZH: [&str; 44] = [
    "吗", "嗎", "呢", "怎么", "怎麼", "怎样", "怎樣", "如何", "什么", "什麼", "甚麼", "啥", "哪", "多久", "多少",
    "多长", "多長", "几天", "幾天", "几点", "幾點", "几号", "幾號", "谁", "誰", "是否", "能否", "可否", "有没有",
    "有沒有", "是不是", "能不能", "可不可以", "可以不", "会不会", "會不會", "要不要", "行不行", "为什么", "為什麼",
    "为啥", "咋", "何时", "何時",
];

/// Hold a word of [`ASKING_ZH`] and ask nothing.
pub(super) const NOT_ASKING_ZH: [&str; 12] = [
    "没什么", "沒什麼", "什么都", "什麼都", "怎么都", "怎麼都", "谁都", "誰都", "哪怕", "不管怎么", "无论如何",
    "不知道为什么",
];

/// Chinese wishes and reports of what does not work.
pub(super) const NEEDS_ZH: [&str; 42] = [
    "帮我", "幫我", "帮忙", "幫忙", "我要", "我想", "想要", "麻烦", "麻煩", "申请", "申請", "没收到", "沒收到",
    "没有收到", "沒有收到", "还没到", "還沒到", "没发货", "沒發貨", "没到账", "沒到帳", "坏了", "壞了", "打不开",
    "打不開", "登不上", "登录不了", "用不了", "不能用", "少了", "少发", "漏发", "漏發", "发错", "發錯", "失败",
    "失敗", "扣了两", "扣了兩", "多扣", "重复扣", "重複扣",
];

/// Point at something said before: the clause cannot stand alone.
pub(super) const POINTING_ZH: [&str; 14] = [
    "它", "他们", "她", "这", "這", "那么", "那我", "那你", "那怎", "那要", "那个", "那個", "对吗", "對嗎",
];

/// Point at something said before.
pub(super) const POINTING_EN: [&str; 17] = [
    "it", "its", "it's", "that", "that's", "this", "them", "they", "those", "these", "one", "ones", "he", "she",
    "him", "her", "else",
];

/// An `it` that points at nothing.
pub(super) const DUMMY_IT: [&str; 8] = [
    "does it take", "will it take", "is it possible", "is it ok", "does it cost", "is it free",
    "would it be possible", "it takes",
];

/// Continue the matter of the sentence before.
pub(super) const FOLLOW_UPS: [&str; 87] = [
    "为什么", "為什麼", "为啥", "凭什么", "憑什麼", "怎么还", "怎麼還", "怎么这", "怎麼這", "怎么没", "怎么不",
    "咋还", "还要", "還要", "多久才", "什么时候才", "什麼時候才", "大概", "要等", "可以帮", "能帮", "能不能帮",
    "能不能快", "why", "can you help", "can you check", "could you", "是不是", "还是", "還是", "不是", "具体",
    "具體", "什么原因", "什麼原因", "原因", "中间", "中間", "反而", "怎么才", "怎麼才", "怎么现在", "怎麼現在",
    "现在怎么", "現在怎麼", "现在可以", "是怎么", "是怎麼", "还可以", "還可以", "还能", "還能", "还没", "還沒",
    "如果", "要是", "但是", "可是", "我怎么", "我怎麼", "我的咋", "我咋", "会不会", "會不會", "what do i do",
    "what should i do", "what can i do", "is there any", "is there a way", "do i have to", "did i", "will i",
    "what is the deal", "what is going on", "what's going on", "should i", "is the system", "需要什么", "需要什麼",
    "需要哪些", "须要", "有没有影响", "是什么", "是什麼", "是因为", "是因為", "有影响",
];

/// Anger or helplessness in the form of a question.
pub(super) const VENTING: [&str; 44] = [
    "怎么回事", "怎麼回事", "怎么办", "怎麼辦", "咋办", "咋回事", "什么意思", "什麼意思", "什么情况", "什麼情況",
    "什么鬼", "搞什么", "搞什麼", "干什么吃", "有没有搞错", "有沒有搞錯", "到底", "究竟", "难道", "難道", "骗子",
    "騙子", "骗人", "你们怎么", "你們怎麼", "听得懂", "看得懂", "知道吗", "知不知道", "有人管", "要脸", "怎么处理",
    "怎么解决", "怎麼處理", "怎麼解決", "are you kidding", "is this a joke", "do you even", "what is wrong with",
    "what's wrong with", "treat customers", "what kind of company", "how hard is", "are you serious",
];

/// Greetings and thanks, as letters and digits only.
pub(super) const COURTESIES: [&str; 62] = [
    "你好", "您好", "你好啊", "您好啊", "你好呀", "哈喽", "哈囉", "嗨", "喂", "亲", "親", "亲在吗", "在吗", "在嗎",
    "在不在", "在么", "有人吗", "有人嗎", "有人在吗", "客服在吗", "客服你好", "早上好", "上午好", "下午好",
    "晚上好", "请问", "請問", "请问一下", "打扰了", "打擾了", "麻烦了", "麻煩了", "拜托了", "拜託了", "谢谢",
    "謝謝", "谢谢啦", "谢谢了", "谢谢你", "谢谢您", "多谢", "多謝", "感谢", "感謝", "先谢谢了", "hi", "hello",
    "hey", "hithere", "hellothere", "goodmorning", "goodafternoon", "goodevening", "dearteam", "thanks", "thankyou",
    "thx", "thanksinadvance", "thankyousomuch", "manythanks", "cheers", "bestregards",
];
