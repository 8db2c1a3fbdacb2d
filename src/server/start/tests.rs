use super::*;
use std::net::Ipv4Addr;

fn config() -> Config {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Config { public: any, admin: any, ..Config::standard() }
}

#[tokio::test]
async fn what_is_not_safe_does_not_open() {
    let wide = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let check = async |config: Config, reason: &str| {
        let error = open(config, Arc::default()).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
        assert!(!error.remedy().is_empty());
    };
    check(Config { public: wide, ..config() }, "KEYS_REQUIRED").await;
    check(Config { admin: wide, ..config() }, "ADMIN_NOT_LOOPBACK").await;
    let running = open(config(), Arc::default()).await.unwrap();
    check(Config { public: running.public_addr(), ..config() }, "ADDRESS_UNUSABLE").await;
    let tls = super::super::config::TlsFiles {
        certificate: "/nowhere/certificate.pem".into(),
        key: "/nowhere/key.pem".into(),
    };
    check(Config { tls: Some(tls), ..config() }, "TLS_FILE_UNREADABLE").await;
    running.shutdown().await;
}
