//! Whole sessions as text, each played whole, octet by octet, and in pieces of seven: octets and
//! events must be the same every time.

#[path = "play/mod.rs"]
mod play;

use play::{config, dialogue, play, Do, GREETING};
use wasm_smtp::{
    Config, Credentials, Envelope, Event, IoFailure, Mechanism, Reason, Session, Status, Tls,
};

const OPEN: &str = "250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES\r\n";

#[test]
fn a_message_to_good_and_bad_recipients() {
    let record = dialogue(
        &config(Tls::None),
        &[
            GREETING,
            OPEN,
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no such user\r\n354 go\r\n",
            "250 2.0.0 Ok: queued as ABC12345\r\n",
            "221 bye\r\n",
        ],
        || {
            let to = ["one@a.example", "two@b.example"];
            vec![
                Do::Send(Envelope::new("me@c.example", to), b"Subject: x\r\n\r\n.dot\r\n"),
                Do::Quit,
            ]
        },
    );
    assert_eq!(
        record.wire,
        "EHLO client.example\r\nMAIL FROM:<me@c.example>\r\nRCPT TO:<one@a.example>\r\nRCPT TO:<two@b.example>\r\nDATA\r\n\
         Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"
    );
    let expected = [
        "Greeting mx ESMTP",
        "Ehlo",
        "Ready",
        "Mail 250",
        "Recipient 0 one@a.example 250",
        "Recipient 1 two@b.example 550",
        "Body",
        "Done",
        "Closed",
    ];
    assert_eq!(record.events, expected);
    let outcome = &record.outcomes[0];
    assert_eq!(outcome.queue_id(), Some("ABC12345"));
    assert_eq!((outcome.accepted(), outcome.all_accepted()), (1, false));
    let [one, two] = &outcome.recipients[..] else { panic!("two recipients") };
    assert_eq!(
        (one.status, one.code, &*one.text),
        (Status::Accepted, Some(250), "Ok: queued as ABC12345")
    );
    assert_eq!((two.status, two.code, &*two.text), (Status::Refused, Some(550), "no such user"));
    assert_eq!(two.enhanced.map(|code| code.to_string()).as_deref(), Some("5.1.1"));
    assert!(record.errors.is_empty());
}

#[test]
fn all_refused_and_the_session_goes_on() {
    let record = dialogue(
        &config(Tls::None),
        &[
            GREETING,
            OPEN,
            "250 ok\r\n450 4.2.0 later\r\n550 5.1.1 never\r\n554 no valid recipients\r\n",
            "250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n",
            "250 ok\r\n",
        ],
        || {
            vec![
                Do::Send(Envelope::new("", ["a@b.example", "c@d.example"]), b"x\r\n"),
                Do::Send(Envelope::new("", ["e@f.example"]), b"y\r\n"),
            ]
        },
    );
    let error = &record.errors[0];
    assert_eq!(error.reason(), Reason::AllRecipientsRefused);
    let statuses =
        |at: usize| record.outcomes[at].recipients.iter().map(|one| one.status).collect::<Vec<_>>();
    assert_eq!(statuses(0), [Status::Deferred, Status::Refused]);
    assert_eq!(statuses(1), [Status::Accepted]);
}

#[test]
fn starttls_then_plain() {
    let record = dialogue(
        &config(Tls::StartTls),
        &[
            "220 mx\r\n",
            "250-mx\r\n250 STARTTLS\r\n",
            "220 go\r\n",
            "250-mx\r\n250 AUTH PLAIN\r\n",
            "235 2.7.0 welcome\r\n",
            "221 bye\r\n",
        ],
        || vec![Do::Login(Credentials::password("alice", "secret")), Do::Quit],
    );
    assert_eq!(
        record.wire,
        "EHLO client.example\r\nSTARTTLS\r\nEHLO client.example\r\nAUTH PLAIN ***\r\nQUIT\r\n"
    );
    assert_eq!(
        record.events,
        ["Greeting mx", "Ehlo", "StartTls", "Ehlo", "Ready", "Authenticated", "Closed"]
    );
}

/// The client's first message names the binding; `p=tls-exporter,,n=alice,r=`.
#[test]
fn a_login_is_bound_to_its_channel() {
    let binding = wasm_smtp::ChannelBinding::TlsExporter([9; 32]);
    let credentials = || {
        let credentials = Credentials::password("alice", "secret").allow_plaintext_auth();
        credentials.channel_binding(binding.clone())
    };
    let offers = "250-mx\r\n250 AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS PLAIN\r\n";
    let mut session = Session::new(&config(Tls::None)).expect("the settings are right");
    session.receive(GREETING.as_bytes());
    while session.next_event().is_some() {}
    session.output_sent(session.output().octets.len());
    session.receive(offers.as_bytes());
    while session.next_event().is_some() {}
    session.login(&credentials(), &[7; 24]).expect("it may");
    assert_eq!(session.mechanism(), Some(Mechanism::ScramSha256Plus));
    let output = session.output().octets;
    // Base64 of the beginning, cut at a multiple of three octets.
    assert!(
        output.starts_with(b"AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49YWxpY2Us"),
        "{output:?}"
    );
}

#[test]
fn output_shows_no_credentials() {
    let mut session = Session::new(&config(Tls::None)).expect("the settings are right");
    for said in [GREETING, OPEN] {
        session.receive(said.as_bytes());
        while session.next_event().is_some() {}
        session.output_sent(session.output().octets.len());
    }
    let credentials = Credentials::password("alice", "secret").allow_plaintext_auth();
    session.login(&credentials, &[7; 24]).expect("it is idle");
    let output = session.output();
    let (shown, whole) = (format!("{output:?}"), format!("{:?}", output.octets));
    let secret = format!("{:?}", &output.octets[output.secret_at..]);
    let secret = secret.trim_matches(['[', ']']);
    assert!(output.octets.starts_with(b"AUTH PLAIN ") && whole.contains(secret));
    assert!(shown.contains("65, 85, 84, 72") && !shown.contains(secret), "{shown}");
}

#[test]
fn a_login_refused_leaves_the_session_usable() {
    let server = [GREETING, OPEN, "535 5.7.8 wrong\r\n", "235 welcome\r\n", "221 bye\r\n"];
    let record = dialogue(&config(Tls::None), &server, || {
        let login = |password| Credentials::password("alice", password).allow_plaintext_auth();
        vec![
            Do::Login(login("wrong")),
            Do::Login(login("right").mechanism(Mechanism::Plain)),
            Do::Quit,
        ]
    });
    assert_eq!(record.errors[0].reason(), Reason::AuthRefused);
    assert_eq!(
        record.errors[0].to_string(),
        "during AUTH, the server refused the credentials: 535 5.7.8 wrong"
    );
    assert_eq!(record.events.last().map(String::as_str), Some("Closed"));
}

#[test]
fn credentials_stay_here_without_tls() {
    let record = play(
        &config(Tls::None),
        &[GREETING, OPEN],
        vec![Do::Login(Credentials::password("alice", "secret"))],
        999,
    );
    assert_eq!(record.errors[0].reason(), Reason::AuthNotSecure);
    assert!(!record.wire.contains("AUTH"));
}

#[test]
fn octets_behind_the_answer_to_starttls_are_fatal() {
    let server = ["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n"];
    let record = play(&config(Tls::StartTls), &server, vec![], 999);
    let error = record.errors.last().expect("it failed");
    assert_eq!(error.reason(), Reason::StartTlsResidue);
    assert!(!record.events.contains(&"StartTls".to_owned()));
}

#[test]
fn a_loss_after_the_end_of_data_is_in_doubt() {
    let server = [GREETING, OPEN, "250 ok\r\n250 ok\r\n354 go\r\n"];
    let record = dialogue(&config(Tls::None), &server, || {
        vec![Do::Send(Envelope::new("a@b.example", ["c@d.example"]), b"x\r\n")]
    });
    assert_eq!(record.outcomes[0].recipients[0].status, Status::InDoubt);
    assert!(record.errors[0].is_in_doubt() && !record.errors[0].is_retryable());
}

/// What is asked of a session that is over has not been done, whatever it is over for.
#[test]
fn what_comes_after_the_end_is_not_in_doubt() {
    let mut session = Session::new(&config(Tls::None)).expect("the settings are right");
    let envelope = Envelope::new("a@b.example", ["c@d.example"]).size(3);
    for said in [GREETING, "250-mx\r\n250 PIPELINING\r\n", "250 ok\r\n250 ok\r\n354 go\r\n"] {
        session.receive(said.as_bytes());
        while let Some(event) = session.next_event() {
            if let Event::Ready = event {
                session.submit(&envelope).expect("it is idle");
            }
        }
        session.output_sent(session.output().octets.len());
    }
    assert_eq!(session.body_write(b"x\r\n"), 3);
    session.body_end().expect("a message is under way");
    session.output_sent(session.output().octets.len());
    session.io_failed(IoFailure::ConnectionLost);
    let mut failed = None;
    while let Some(event) = session.next_event() {
        if let Event::Failed(error) = event {
            failed = Some(error);
        }
    }
    let failed = failed.expect("it broke");
    assert!(failed.is_in_doubt() && !failed.is_retryable());
    let error = session.submit(&envelope).expect_err("it is over");
    assert_eq!(error.reason(), Reason::State);
    assert!(!error.is_in_doubt() && error.is_retryable());
}

#[test]
fn what_breaks_a_rule_is_not_sent() {
    let refused = |envelope: Envelope| {
        let record =
            play(&config(Tls::None), &[GREETING, OPEN], vec![Do::Send(envelope, b"")], 999);
        assert_eq!(record.wire, "EHLO client.example\r\n");
        let error = record.errors.into_iter().next().expect("it is refused");
        (error.reason(), error.index(), error.to_string())
    };
    let to = ["ok@b.example", "a@b.example>\r\nRCPT TO:<c@d.example"];
    let (reason, index, text) = refused(Envelope::new("a@b.example", to));
    assert_eq!((reason, index), (Reason::AddressControl, Some(1)));
    assert_eq!(text, "to[1] contains a control character");
    let none: [&str; 0] = [];
    assert_eq!(refused(Envelope::new("a@b.example", none)).0, Reason::NoRecipients);
    assert_eq!(
        refused(Envelope::new("a@b.example", ["c@d.example"]).size(1001)).0,
        Reason::MessageTooLarge
    );
    let error = Session::new(&Config::new("a b")).expect_err("a space is not allowed");
    assert_eq!(error.to_string(), "ehlo_name has a character that is not allowed in a domain");
    let error = Session::new(&Config::new("a.example").buffers(10, 10)).expect_err("too small");
    assert_eq!(error.reason(), Reason::ConfigBuffer);
}

#[test]
fn calls_out_of_order_are_refused_without_harm() {
    let mut session = Session::new(&config(Tls::None)).expect("the settings are right");
    assert_eq!(session.quit().expect_err("not yet").reason(), Reason::State);
    assert_eq!(session.body_end().expect_err("no message").reason(), Reason::State);
    assert_eq!(session.tls_done().expect_err("no handshake").reason(), Reason::State);
    session.io_failed(IoFailure::Timeout);
    let Some(Event::Failed(error)) = session.next_event() else { panic!("it failed") };
    assert_eq!((error.reason(), error.is_retryable()), (Reason::Timeout, true));
    assert!(session.next_event().is_none());
    assert!(!session.wants_read() && session.receive_buffer().is_empty());
    assert_eq!(session.receive(b"220 late\r\n"), 0);
}

#[test]
fn a_reset_is_answered() {
    let record =
        dialogue(&config(Tls::None), &[GREETING, OPEN, "250 ok\r\n", "221 bye\r\n"], || {
            vec![Do::Reset, Do::Quit]
        });
    assert!(record.wire.ends_with("RSET\r\nQUIT\r\n"));
    assert!(record.events.contains(&"Completed".to_owned()));
}

#[test]
fn sessions_may_be_moved_between_threads() {
    let mut session = Session::new(&config(Tls::None)).expect("the settings are right");
    session.receive(b"220 mx\r\n");
    let moved = std::thread::spawn(move || {
        while session.next_event().is_some() {}
        session.output().octets.to_vec()
    });
    assert_eq!(moved.join().expect("no panic"), b"EHLO client.example\r\n");
}

#[test]
fn what_the_server_says_is_cleaned() {
    let record = play(&config(Tls::None), &["220 a\x1b[31mb\x7f\r\n", "250 mx\r\n"], vec![], 999);
    assert_eq!(record.events[0], r"Greeting a\x1B[31mb\x7F");
}

/// The session owns several messages at a time, wherever it is moved to, and whenever it is dropped.
#[test]
fn overlapped_messages_are_told_apart() {
    let hello = "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n";
    let replies =
        "250 ok\r\n250 ok\r\n250 one\r\n250 reset\r\n250 ok\r\n550 no\r\n250 ok\r\n250 two\r\n";
    for heard in [0, 20, replies.len() / 2, replies.len()] {
        let mut session = Session::new(&config(Tls::None).overlap(2)).expect("they are right");
        for text in [GREETING, hello] {
            session.receive(text.as_bytes());
            while session.next_event().is_some() {}
            session.output_sent(session.output().octets.len());
        }
        let envelopes = [
            Envelope::new("a@b.example", ["c@d.example"]).size(5),
            Envelope::new("a@b.example", ["e@f.example", "g@h.example"]).size(5),
        ];
        let ids = envelopes.map(|envelope| session.submit(&envelope).expect("it may"));
        let mut session = Box::new(session);
        for id in ids {
            let Some(Event::Body { transaction }) = session.next_event() else { panic!("a body") };
            assert_eq!(transaction, id);
            assert_eq!(session.body_write(b"abc\r\n"), 5);
            session.body_end().expect("it is complete");
            let sent = String::from_utf8_lossy(session.output().octets).into_owned();
            assert!(sent.ends_with("BDAT 5 LAST\r\nabc\r\n"), "{sent}");
            session.output_sent(sent.len());
        }
        session.receive(&replies.as_bytes()[..heard]);
        let mut session = *session;
        let mut done = Vec::new();
        while let Some(event) = session.next_event() {
            if let Event::Done { transaction, outcome, error } = event {
                assert!(error.is_none());
                let statuses = outcome.recipients.iter().map(|one| one.status);
                done.push((transaction, statuses.collect::<Vec<_>>()));
            }
        }
        let expected =
            [(ids[0], vec![Status::Accepted]), (ids[1], vec![Status::Refused, Status::Accepted])];
        let over = if heard == replies.len() { 2 } else { usize::from(heard > 20) };
        assert_eq!(done, expected[..over]);
    }
}
