//! Keys, roles, TLS, and what a page of the web can do to loopback.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use firstline::message::CallerId;
use firstline::proto::v1;
use firstline::proto::v1::desk_service_client::DeskServiceClient;
use firstline::proto::v1::triage_service_client::TriageServiceClient;
use firstline::server::auth::{Key, Role};
use firstline::server::{Running, TlsFiles};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::Code;
use tonic::metadata::MetadataValue;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use crate::support::{
    ANSWERED, Ask, Fault, ask, channel, http, http_on, lives, service, service_with,
};

fn key(name: &str, secret: &str, role: Role) -> Key {
    let digest = Sha256::digest(secret.as_bytes());
    let hex = digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    Key::new(CallerId::new(name).unwrap(), &hex, vec![role]).unwrap()
}

async fn keyed() -> Running {
    service_with(|config| {
        config.keys = vec![
            key("shop", "shop-secret", Role::Gateway),
            key("app", "app-secret", Role::Gateway),
            key("boss", "boss-secret", Role::Supervisor),
        ];
    })
    .await
}

fn with_key<T>(message: T, key: &str) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value: MetadataValue<_> = format!("Bearer {key}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn a_key_opens_what_its_role_allows() {
    let service = keyed().await;
    let channel = channel(&service).await;
    let (mut gateway, mut desk) =
        (TriageServiceClient::new(channel.clone()), DeskServiceClient::new(channel));
    let none = gateway.handle(ask("c1", "r1", ANSWERED)).await.unwrap_err();
    Fault::of(&none).expect(Code::Unauthenticated, "KEY_MISSING");
    let wrong = gateway.handle(with_key(ask("c1", "r1", ANSWERED), "guess")).await.unwrap_err();
    Fault::of(&wrong).expect(Code::Unauthenticated, "KEY_UNKNOWN");
    let boss =
        gateway.handle(with_key(ask("c1", "r1", ANSWERED), "boss-secret")).await.unwrap_err();
    Fault::of(&boss).expect(Code::PermissionDenied, "ROLE_MISSING");
    let frames = tokio_stream::empty::<v1::ConverseRequest>();
    let stream = gateway.converse(with_key(frames, "boss-secret")).await.unwrap_err();
    Fault::of(&stream).expect(Code::PermissionDenied, "ROLE_MISSING");
    let shop =
        desk.list_queues(with_key(v1::ListQueuesRequest {}, "shop-secret")).await.unwrap_err();
    Fault::of(&shop).expect(Code::PermissionDenied, "ROLE_MISSING");
    gateway.handle(with_key(ask("c1", "r1", ANSWERED), "shop-secret")).await.unwrap();
    desk.list_queues(with_key(v1::ListQueuesRequest {}, "boss-secret")).await.unwrap();
}

#[tokio::test]
async fn the_twin_asks_for_the_same_keys() {
    let service = keyed().await;
    let check = async |headers: &[(&str, &str)], status: u16, reason: Option<&str>| {
        let ask = Ask("GET", "/v1/conversations/c1", headers, b"");
        let page = http(service.public_addr(), ask).await;
        assert_eq!(page.status, status, "{page:?}");
        let fault = Fault::of_json(&page.json());
        assert_eq!(Some(fault.reason.as_str()), reason);
        assert_eq!(page.header("www-authenticate").is_some(), status == 401);
    };
    check(&[], 401, Some("KEY_MISSING")).await;
    check(&[("x-api-key", "guess")], 401, Some("KEY_UNKNOWN")).await;
    check(&[("x-api-key", "boss-secret")], 403, Some("ROLE_MISSING")).await;
    check(&[("x-api-key", "shop-secret")], 404, Some("CONVERSATION_NOT_FOUND")).await;
    check(&[("authorization", "bearer shop-secret")], 404, Some("CONVERSATION_NOT_FOUND")).await;
}

#[tokio::test]
async fn two_gateways_never_meet() {
    let service = keyed().await;
    let mut gateway = TriageServiceClient::new(channel(&service).await);
    gateway.handle(with_key(ask("c1", "r1", ANSWERED), "shop-secret")).await.unwrap();
    let read = || v1::GetConversationRequest { conversation_id: "c1".to_owned() };
    gateway.get_conversation(with_key(read(), "shop-secret")).await.unwrap();
    let other = gateway.get_conversation(with_key(read(), "app-secret")).await.unwrap_err();
    Fault::of(&other).expect(Code::NotFound, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn probes_need_no_key_and_reflection_does() {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    let service = keyed().await;
    let channel = channel(&service).await;
    HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await.unwrap();
    let mut reflection = ServerReflectionClient::new(channel);
    let nothing = tokio_stream::empty::<ServerReflectionRequest>();
    let status = reflection.server_reflection_info(nothing).await.unwrap_err();
    Fault::of(&status).expect(Code::Unauthenticated, "KEY_MISSING");
}

#[tokio::test]
async fn a_page_of_the_web_cannot_use_loopback() {
    let service = service().await;
    let check = async |address, headers: &[(&str, &str)], status: u16, reason: &str| {
        let page = http(address, Ask("GET", "/admin/queues", headers, b"")).await;
        assert_eq!(page.status, status, "{page:?}");
        if status != 200 {
            Fault::of_json(&page.json()).expect(Code::PermissionDenied, reason);
        }
        for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")] {
            assert_eq!(page.header(name), Some(value));
        }
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    };
    let (admin, port) = (service.admin_addr(), service.admin_addr().port());
    let own = format!("http://{admin}");
    let other = format!("http://localhost:{}", port.wrapping_add(1));
    check(admin, &[], 200, "").await;
    check(admin, &[("origin", &own)], 200, "").await;
    check(admin, &[("host", &format!("localhost:{port}"))], 200, "").await;
    check(admin, &[("host", "evil.example")], 403, "HOST_REFUSED").await;
    check(admin, &[("origin", "https://evil.example")], 403, "ORIGIN_REFUSED").await;
    check(admin, &[("origin", &other)], 403, "ORIGIN_REFUSED").await;
    check(admin, &[("sec-fetch-site", "cross-site")], 403, "ORIGIN_REFUSED").await;
    // Without keys the public port is loopback's too.
    let rebound = Ask("GET", "/v1/conversations/c1", &[("host", "evil.example")], b"");
    let page = http(service.public_addr(), rebound).await;
    Fault::of_json(&page.json()).expect(Code::PermissionDenied, "HOST_REFUSED");
    lives(&service).await;
}

/// A certificate for localhost that signs itself, made by the openssl binary; `None` where there is none.
fn certificate() -> Option<(PathBuf, TlsFiles)> {
    let folder = std::env::temp_dir().join(format!("firstline-tls-{}", uuid::Uuid::new_v4()));
    fs_err::create_dir_all(&folder).unwrap();
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output();
    made.ok().filter(|made| made.status.success()).map(|_| (folder, files))
}

#[tokio::test]
async fn both_transports_speak_tls_from_files() {
    let Some((folder, files)) = certificate() else {
        eprintln!("not run: there is no openssl to make a certificate");
        return;
    };
    let pem = fs_err::read(&files.certificate).unwrap();
    let service = service_with(|config| config.tls = Some(files.clone())).await;
    let port = service.public_addr().port();

    let tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&pem)).domain_name("localhost");
    let channel = Channel::from_shared(format!("https://localhost:{port}")).unwrap();
    let channel = channel.tls_config(tls).unwrap().connect().await.unwrap();
    TriageServiceClient::new(channel).handle(ask("c1", "r1", ANSWERED)).await.unwrap();

    // Clients that name HTTP/1.1, as most HTTP libraries do, and clients that name nothing.
    for protocols in [vec![b"http/1.1".to_vec()], Vec::new()] {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        let mut config =
            ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols;
        let stream = TcpStream::connect(service.public_addr()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let page = http_on(stream, "localhost", Ask("GET", "/v1/conversations/c1", &[], b"")).await;
        assert_eq!(page.status, 200, "{page:?}");
    }

    // Whoever speaks in clear, or nonsense, or nothing, costs nobody else anything.
    let _silent = TcpStream::connect(service.public_addr()).await.unwrap();
    let clear = Channel::from_shared(format!("http://localhost:{port}")).unwrap();
    let clear = TriageServiceClient::connect(clear).await;
    if let Ok(mut client) = clear {
        assert!(client.handle(ask("c2", "r1", ANSWERED)).await.is_err());
    }
    let read = v1::GetConversationRequest { conversation_id: "c1".to_owned() };
    let tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&pem)).domain_name("localhost");
    let channel = Channel::from_shared(format!("https://localhost:{port}")).unwrap();
    let channel = channel.tls_config(tls).unwrap().connect().await.unwrap();
    TriageServiceClient::new(channel).get_conversation(read).await.unwrap();
    fs_err::remove_dir_all(folder).unwrap();
}
