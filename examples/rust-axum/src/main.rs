//! A contact form that mails what it is given.
//!
//! ```text
//! LISTEN=127.0.0.1:8080 SMTP_HOST=smtp.example.org SMTP_USER=site SMTP_PASSWORD_FILE=password \
//! MAIL_FROM=site@example.org MAIL_TO=office@example.org cargo run -p rust-axum
//! ```
//!
//! SMTP_PORT is 465 if not set; SMTP_CA names a PEM file of trust anchors that replace the system's.

mod page;
mod pool;
mod settings;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use axum::{Form, Router};
use mail_builder::MessageBuilder;
use serde::Deserialize;

use crate::pool::SmtpPool;
use crate::settings::Settings;

struct Site {
    pool: SmtpPool,
    from: String,
    to: String,
}

/// What a visitor fills in.
#[derive(Deserialize)]
struct Contact {
    name: String,
    email: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_environment()?;
    let listener = tokio::net::TcpListener::bind(&settings.listen).await?;
    println!("http://{}/", listener.local_addr()?);
    let pool = pool::open(settings.smtp)?;
    let site = Arc::new(Site { pool, from: settings.from, to: settings.to });
    let routes = Router::new().route("/", get(form).post(send)).with_state(site);
    let stop = async {
        // Without the signal the server simply runs on.
        let _result = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(stop).await?;
    Ok(())
}

async fn form() -> Html<&'static str> {
    Html(page::FORM)
}

/// Mails the form to the site's owner. Names and texts of visitors only ever become values of
/// header fields and the body, which mail-builder encodes; sender and recipient are the site's.
async fn send(
    State(site): State<Arc<Site>>,
    Form(contact): Form<Contact>,
) -> (StatusCode, Html<String>) {
    let rules = wasm_smtp_tokio::address::MailboxRules::default();
    if let Err(reason) = wasm_smtp_tokio::address::check_mailbox(&contact.email, rules) {
        let words = format!("Your address {}.", reason.sentence());
        return (StatusCode::BAD_REQUEST, page::answer(&words));
    }
    let message = MessageBuilder::new()
        .from(site.from.as_str())
        .to(site.to.as_str())
        .reply_to(contact.email.as_str())
        .subject(format!("Message from {}", contact.name))
        .text_body(contact.text.as_str());
    let mut client = match site.pool.get().await {
        Ok(client) => client,
        Err(error) => return failed(&error),
    };
    match client.send_message(&site.from, &[&site.to], message).await {
        Ok(_) => (StatusCode::OK, page::answer("Thank you, your message is on its way.")),
        Err(error) => failed(&error),
    }
}

/// The visitor is told no details; the log has them.
fn failed(error: &dyn std::error::Error) -> (StatusCode, Html<String>) {
    eprintln!("mail: {error}");
    let words = "Your message could not be sent. Please try again later.";
    (StatusCode::BAD_GATEWAY, page::answer(words))
}
