//! A headless Chromium for the tests of the console, over the few `WebDriver` commands that they need. Each browser has a
//! profile of its own; browser, driver and profile are gone when it is dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;
use std::{env, fs, io};

use serde_json::{Value, json};

/// One browser at a time: each is as large as all the rest of the tests.
static TURN: Mutex<()> = Mutex::new(());

const PATIENCE: Duration = Duration::from_mins(1);

/// One browser with one page.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// A browser whose user reads `language`; `None`, and a line that says so, where Chromium and its driver are not installed.
    pub(crate) fn start(language: &str) -> Option<Self> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (driver, port) = match driver() {
            Ok(started) => started,
            Err(error) => return not_run(&format!("chromedriver: {error}")),
        };
        let profile =
            env::temp_dir().join(format!("firstline-console-{}-{port}", std::process::id()));
        let mut browser = Self { driver, port, session: String::new(), profile, _turn: turn };
        let wanted = capabilities(language, &browser.profile.to_string_lossy());
        match browser.call("POST", "/session", &wanted) {
            Ok(session) => browser.session = session["sessionId"].as_str().unwrap().to_owned(),
            Err(problem) if problem.contains("binary") => return not_run(&problem),
            Err(problem) => panic!("the browser does not start: {problem}"),
        }
        Some(browser)
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    /// Runs the body of a function in the page and gives what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression in the page is true, and gives it; fails the test with the page's text if it never is.
    pub(crate) fn until(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[0], end = Date.now() + 20000;
             (function look() {{
               let value; try {{ value = {expression}; }} catch {{ value = null; }}
               if (value || Date.now() > end) done(value); else setTimeout(look, 40);
             }})();"
        );
        let value =
            self.command("POST", "/execute/async", &json!({ "script": script, "args": [] }));
        let truthy =
            !matches!(value, Value::Null | Value::Bool(false)) && value != "" && value != 0;
        assert!(truthy, "never true: {expression}\n{}", self.run("return document.body.innerText"));
        value
    }

    /// Presses keys, as a person would, in whatever has the focus. `\u{e007}` is Enter, `\u{e004}` Tab.
    pub(crate) fn press(&self, keys: &str) {
        let down = |key: char| json!({ "type": "keyDown", "value": key });
        let up = |key: char| json!({ "type": "keyUp", "value": key });
        let strokes: Vec<Value> = keys.chars().flat_map(|key| [down(key), up(key)]).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.command("POST", "/actions", &json!({ "actions": [keyboard] }));
    }

    /// Makes the window as wide as a phone's.
    pub(crate) fn narrow(&self, width: u32) {
        let screen =
            json!({ "width": width, "height": 740, "deviceScaleFactor": 1, "mobile": true });
        let metrics = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": screen });
        self.command("POST", "/goog/cdp/execute", &metrics);
    }

    /// What the page wrote to its console since it was last asked: refused by the content policy, failed to load, thrown.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.command("POST", "/se/log", &json!({ "type": "browser" }));
        entries.as_array().unwrap().iter().map(|entry| entry["message"].to_string()).collect()
    }

    /// Every address on a network that was asked for since the browser was last asked.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.command("POST", "/se/log", &json!({ "type": "performance" }));
        let events =
            entries.as_array().unwrap().iter().filter_map(|entry| entry["message"].as_str());
        let events = events.filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let requests =
            events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let addresses = requests.filter_map(|event| {
            Some(event["message"]["params"]["request"]["url"].as_str()?.to_owned())
        });
        // What the browser shows before the first page is its own and comes from no network.
        addresses.filter(|url| !url.starts_with("chrome:") && !url.starts_with("data:")).collect()
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.call(method, &format!("/session/{}{path}", self.session), body).unwrap()
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let reply = exchange(self.port, method, path, &body.to_string())
            .map_err(|error| error.to_string())?;
        let mut reply: Value = serde_json::from_str(&reply).map_err(|error| error.to_string())?;
        let value = reply["value"].take();
        match value["error"].as_str() {
            Some(error) => {
                Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default()))
            }
            None => Ok(value),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Nothing here may fail: a test that is failing already is being unwound.
        self.call("DELETE", &format!("/session/{}", self.session), &Value::Null).ok();
        self.driver.kill().ok();
        self.driver.wait().ok();
        fs::remove_dir_all(&self.profile).ok();
    }
}

/// Starts the driver on a free port of its own choice and reads which one that is.
fn driver() -> io::Result<(Child, u16)> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let digits = line.strip_prefix("ChromeDriver was started successfully on port ")?;
        digits.trim_end_matches('.').parse().ok()
    });
    port.map(|port| (child, port)).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
}

fn capabilities(language: &str, profile: &str) -> Value {
    let switches = [
        "--headless=new".to_owned(),
        "--no-sandbox".into(),
        "--disable-gpu".into(),
        "--disable-quic".into(),
        "--disable-dev-shm-usage".into(),
        "--no-first-run".into(),
        "--disable-background-networking".into(),
        "--disable-component-update".into(),
        "--disable-sync".into(),
        "--window-size=1280,900".into(),
        format!("--user-data-dir={profile}"),
    ];
    let options = json!({ "args": switches, "prefs": { "intl.accept_languages": language } });
    let logs = json!({ "browser": "ALL", "performance": "ALL" });
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs
    } } })
}

fn exchange(port: u16, method: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let body = if method == "POST" { body } else { "" };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    String::from_utf8(body).map_err(io::Error::other)
}

fn not_run(why: &str) -> Option<Browser> {
    static SAID: Once = Once::new();
    let why = why.lines().next().unwrap_or_default();
    let line =
        format!("not run, no browser for the console (install chromium, chromium-driver): {why}");
    SAID.call_once(|| drop(writeln!(io::stderr(), "{line}")));
    None
}
