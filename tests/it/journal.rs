//! The journal of the real service: it is killed, looked into, and goes on.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Ask, http};

const BINARY: &str = env!("CARGO_BIN_EXE_firstline");
const JSON: (&str, &str) = ("content-type", "application/json");

/// A service of its own in a folder that ends with the test.
struct Service {
    folder: PathBuf,
    public: SocketAddr,
    admin: SocketAddr,
}

impl Service {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("firstline-served-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (public, admin) = (free(), free());
        let text = format!(
            "[server]\nlisten = \"{public}\"\nadmin = \"{admin}\"\n[policy]\nprovisional = \"answer\"\n\
             [conversations]\nburst = \"0s\"\n[storage]\ndir = \"{}\"\n",
            folder.join("data").display()
        );
        std::fs::write(folder.join("firstline.toml"), text).unwrap();
        Self { folder, public, admin }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .arg("--config")
            .arg(self.folder.join("firstline.toml"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("LC_ALL", "C.UTF-8")
            .env_remove("FIRSTLINE_KEY");
        command
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts serving; ready when this returns.
    async fn start(&self) -> Child {
        let child = self.command(&["serve"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn();
        for _ in 0..600 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let open = tokio::net::TcpStream::connect(self.admin).await.is_ok();
            if open && http(self.admin, Ask("GET", "/readyz", &[], b"")).await.status == 200 {
                return child.unwrap();
            }
        }
        panic!("the service was not ready within a minute");
    }

    async fn send(&self, request: &str, text: &str) -> Value {
        let message = json!({ "message": {
            "requestId": request, "conversationId": "c1", "channel": "web", "text": { "text": text },
        }});
        let ask = &message.to_string();
        let page = http(self.public, Ask("POST", "/v1/messages", &[JSON], ask.as_bytes())).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.json()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn a_killed_service_goes_on_and_its_journal_holds() {
    let service = Service::new();
    let missing = service.run(&["journal", "verify"]);
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing));

    let mut child = service.start().await;
    let first = service.send("r1", "退款多久到账？我的手机是13812345678").await;
    let second = service.send("r2", "I want to talk to a human agent").await;
    let busy = service.run(&["journal", "verify"]);
    assert!(
        busy.status.code() == Some(2) && text(&busy).contains("another process"),
        "{}",
        text(&busy)
    );
    child.kill().unwrap();
    child.wait().unwrap();

    let verified = service.run(&["journal", "verify", "--json"]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    let found: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((&found["holds"], &found["verdicts"]["same"]), (&json!(true), &json!(2)), "{found}");
    let export = text(&service.run(&["journal", "export"]));
    assert!(export.contains("退款多久到账") && !export.contains("13812345678"), "{export}");
    let plain = text(&service.run(&["journal", "export", "--plain"]));
    assert!(plain.contains("13812345678") && plain.contains("\"conversation\":\"c1\""), "{plain}");
    assert_eq!(service.run(&["journal", "rekey"]).status.code(), Some(0));

    let mut child = service.start().await;
    let again = service.send("r1", "退款多久到账？我的手机是13812345678").await;
    assert_eq!(again["repeatedRequest"], true);
    assert_eq!(again["decision"], first["decision"]);
    let again = service.send("r2", "I want to talk to a human agent").await;
    assert_eq!(again["decision"]["decisionId"], second["decision"]["decisionId"]);
    child.kill().unwrap();
    child.wait().unwrap();

    let erased = service.run(&["journal", "erase", "c1"]);
    assert_eq!(erased.status.code(), Some(0), "{}", text(&erased));
    let replayed = service.run(&["journal", "replay", "--json"]);
    let replayed: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(replayed["verdicts"]["same"], 0, "{replayed}");
    assert!(replayed["verdicts"]["erased"].as_u64().unwrap() >= 2, "{replayed}");
    let again = service.run(&["journal", "erase", "c1"]);
    assert!(text(&again).contains("nothing is kept"), "{}", text(&again));
}
