//! What extensions let a client ask for: sent if it is offered, else an error before an octet is sent,
//! or left out if it is optional.

#[path = "play/mod.rs"]
mod play;

use std::time::{Duration, SystemTime};

use play::{config, dialogue, Do, Record, GREETING};
use wasm_smtp::{
    BodyType, Capabilities, Config, Credentials, DsnReturn, Envelope, ErrorKind, Event, Extension,
    Field, LateDelivery, MailParameter, Mechanism, Notify, RcptParameter, Reason, Recipient,
    Session, Status, Tls, XClient, XClientAttribute,
};

const FROM: &str = "me@c.example";
const PLAIN: &str = "250 mx\r\n";
const ALL: &str = "250-mx\r\n250-PIPELINING\r\n250-DSN\r\n250-DELIVERBY 60\r\n250-FUTURERELEASE 7200 2030-01-01T00:00:00Z\r\n\
    250-MT-PRIORITY\r\n250-REQUIRETLS\r\n250-PRDR\r\n250-AUTH PLAIN\r\n250 SMTPUTF8\r\n";

/// One message to a server that offers this and answers so.
fn send(offer: &'static str, answers: &[&'static str], envelope: &Envelope) -> Record {
    let server: Vec<&str> = [GREETING, offer].into_iter().chain(answers.iter().copied()).collect();
    dialogue(&config(Tls::None), &server, || vec![Do::Send(envelope.clone(), b"x\r\n"), Do::Quit])
}

const TAKEN: [&str; 3] = ["250 ok\r\n250 ok\r\n354 go\r\n", "250 queued\r\n", "221 bye\r\n"];

fn to(address: &str) -> Recipient {
    Recipient::new(address)
}

#[test]
fn parameters_of_mail_as_the_rfcs_write_them() {
    let late = LateDelivery::Return;
    let cases = [
        (MailParameter::Return(DsnReturn::Headers), "RET=HDRS"),
        (MailParameter::EnvelopeId("a+b=c".into()), "ENVID=a+2Bb+3Dc"),
        (MailParameter::DeliverBy { seconds: 120, late, trace: true }, "BY=120;RT"),
        (MailParameter::HoldFor(Duration::from_secs(3600)), "HOLDFOR=3600"),
        (
            MailParameter::HoldUntil(SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_761_599)),
            "HOLDUNTIL=2026-12-31T23:59:59Z",
        ),
        (MailParameter::Priority(-3), "MT-PRIORITY=-3"),
        (MailParameter::Submitter(Some("a+b@c.example".into())), "AUTH=a+2Bb@c.example"),
        (MailParameter::Submitter(Some("a@bücher.example".into())), "AUTH=a@xn--bcher-kva.example"),
        (MailParameter::Submitter(None), "AUTH=<>"),
        (MailParameter::PerRecipientReplies, "PRDR"),
    ];
    // Miri takes its time.
    for (parameter, written) in cases.into_iter().step_by(if cfg!(miri) { 4 } else { 1 }) {
        if !cfg!(feature = "idna") && written.contains("xn--") {
            continue;
        }
        let envelope = || Envelope::new(FROM, ["one@a.example"]);
        for asked in [
            envelope().parameter(parameter.clone()),
            envelope().optional_parameter(parameter.clone()),
        ] {
            let record = send(ALL, &TAKEN, &asked);
            let line = format!("MAIL FROM:<{FROM}> {written}\r\n");
            assert!(record.wire.contains(&line), "{written}: {}", record.wire);
            assert!(record.errors.is_empty(), "{:?}", record.errors);
        }
        let keyword = written.split('=').next().unwrap_or_default();
        let record = send(PLAIN, &[], &envelope().parameter(parameter.clone()));
        let [error] = &record.errors[..] else { panic!("{keyword}: one error") };
        assert_eq!(
            (error.kind(), error.reason(), error.field(), error.keyword()),
            (
                ErrorKind::Unsupported,
                Reason::ParameterNotOffered,
                Some(Field::Parameter),
                Some(keyword)
            )
        );
        assert!(error.to_string().starts_with(&format!("{keyword} needs")), "{error}");
        assert_eq!(record.wire, "EHLO client.example\r\n");
        let record = send(
            PLAIN,
            &["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 queued\r\n", "221 bye\r\n"],
            &envelope().optional_parameter(parameter),
        );
        assert!(record.wire.contains(&format!("MAIL FROM:<{FROM}>\r\n")), "{}", record.wire);
        assert!(record.errors.is_empty() && record.outcomes[0].all_accepted());
    }
}

#[test]
fn parameters_of_single_recipients() {
    let one = || to("one@a.example");
    let notify = || RcptParameter::Notify(Notify::SUCCESS | Notify::DELAY);
    let original = || RcptParameter::OriginalRecipient("list+x@b.example".into());
    let envelope = Envelope::new(
        FROM,
        [
            one().parameter(notify()),
            to("two@a.example"),
            to("three@a.example").parameter(original()),
        ],
    )
    .parameter(MailParameter::Return(DsnReturn::Full));
    let replies = "250 ok\r\n250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n";
    let record = send(ALL, &[replies, TAKEN[1], TAKEN[2]], &envelope);
    assert!(
        record.wire.contains(
            "MAIL FROM:<me@c.example> RET=FULL\r\nRCPT TO:<one@a.example> NOTIFY=SUCCESS,DELAY\r\n\
             RCPT TO:<two@a.example>\r\nRCPT TO:<three@a.example> ORCPT=rfc822;list+2Bx@b.example\r\n"
        ),
        "{}",
        record.wire
    );
    let statuses: Vec<_> = record.outcomes[0].recipients.iter().map(|one| one.status).collect();
    assert_eq!(statuses, [Status::Accepted, Status::Accepted, Status::Refused]);

    let record =
        send(PLAIN, &[], &Envelope::new(FROM, [to("x@a.example"), one().parameter(notify())]));
    let [error] = &record.errors[..] else { panic!("one error") };
    assert_eq!(
        (error.reason(), error.field(), error.index(), error.keyword()),
        (Reason::ParameterNotOffered, Some(Field::RecipientParameter), Some(1), Some("NOTIFY"))
    );
    assert!(error.to_string().starts_with("NOTIFY of to[1] needs"), "{error}");

    let optional = one().optional_parameter(notify()).optional_parameter(original());
    let answers = ["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 queued\r\n", "221 bye\r\n"];
    let record = send(PLAIN, &answers, &Envelope::new(FROM, [optional]));
    assert!(record.wire.contains("RCPT TO:<one@a.example>\r\n"), "{}", record.wire);
}

#[test]
fn values_and_limits() {
    let late = LateDelivery::Return;
    let by = |seconds| MailParameter::DeliverBy { seconds, late, trace: false };
    let cases = [
        (MailParameter::Priority(10), Reason::ParameterValue, "MT-PRIORITY"),
        (MailParameter::EnvelopeId("ü".into()), Reason::ParameterValue, "ENVID"),
        (MailParameter::Submitter(Some("nobody".into())), Reason::ParameterValue, "AUTH"),
        (by(-1), Reason::ParameterValue, "BY"),
        (by(59), Reason::ParameterLimit, "BY"),
        (MailParameter::HoldFor(Duration::from_secs(7201)), Reason::ParameterLimit, "HOLDFOR"),
        (MailParameter::HoldFor(Duration::ZERO), Reason::ParameterValue, "HOLDFOR"),
        // In a session without TLS.
        (MailParameter::RequireTls, Reason::ParameterNotOffered, "REQUIRETLS"),
    ];
    for (parameter, reason, keyword) in cases {
        let record = send(ALL, &[], &Envelope::new(FROM, ["one@a.example"]).parameter(parameter));
        let [error] = &record.errors[..] else { panic!("{keyword}: one error") };
        assert_eq!((error.reason(), error.keyword()), (reason, Some(keyword)));
        assert_eq!(record.wire, "EHLO client.example\r\n", "{keyword}");
    }
    let twice = Envelope::new(FROM, ["one@a.example"])
        .parameter(MailParameter::HoldFor(Duration::from_secs(60)))
        .parameter(MailParameter::HoldUntil(SystemTime::UNIX_EPOCH));
    let record = send(ALL, &[], &twice);
    assert_eq!(record.errors[0].reason(), Reason::ParameterMisplaced);
}

#[test]
fn a_server_that_refuses_a_parameter() {
    let envelope = Envelope::new(FROM, ["one@a.example"]).parameter(MailParameter::Priority(9));
    let answers = ["555 5.5.4 not for you\r\n503 no\r\n503 no\r\n", "221 bye\r\n"];
    let record = send(ALL, &answers, &envelope);
    let [error] = &record.errors[..] else { panic!("one error") };
    assert_eq!(
        (error.reason(), error.reply().map(|reply| reply.code)),
        (Reason::ReplyRefused, Some(555))
    );
}

#[test]
fn require_tls_within_tls() {
    let record =
        dialogue(&config(Tls::Implicit), &[GREETING, ALL, TAKEN[0], TAKEN[1], TAKEN[2]], || {
            let envelope = Envelope::new(FROM, ["one@a.example"]);
            vec![Do::Send(envelope.parameter(MailParameter::RequireTls), b"x\r\n"), Do::Quit]
        });
    assert!(record.wire.contains("MAIL FROM:<me@c.example> REQUIRETLS\r\n"), "{}", record.wire);
}

#[test]
fn a_reply_for_each_recipient() {
    let all = ["one@a.example", "two@a.example", "three@a.example"];
    let envelope = Envelope::new(FROM, all).parameter(MailParameter::PerRecipientReplies);
    let answers = [
        "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        "353 wait\r\n250 fine\r\n550 spam\r\n450 full\r\n250 done\r\n",
        "221 bye\r\n",
    ];
    let record = send(ALL, &answers, &envelope);
    let told: Vec<_> =
        record.outcomes[0].recipients.iter().map(|one| (one.status, &*one.text)).collect();
    let expected =
        [(Status::Accepted, "done"), (Status::Refused, "spam"), (Status::Deferred, "full")];
    assert_eq!(told, expected);
}

#[test]
fn more_recipients_than_the_server_takes() {
    let offer = "250-mx\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=2\r\n";
    let all = ["one@a.example", "two@a.example", "three@a.example"];
    let record = send(offer, &[], &Envelope::new(FROM, all));
    let [error] = &record.errors[..] else { panic!("one error") };
    assert_eq!(
        (error.reason(), error.field()),
        (Reason::TooManyRecipients, Some(Field::Recipients))
    );
    let answers = [
        "250 ok\r\n250 ok\r\n452 later\r\n354 go\r\n",
        "250 first\r\n",
        "250 ok\r\n250 ok\r\n550 no such\r\n354 go\r\n",
        "250 second\r\n",
        "221 bye\r\n",
    ];
    let record = send(offer, &answers, &Envelope::new(FROM, all).split());
    assert_eq!(record.wire.matches("\r\nx\r\n.\r\n").count(), 2, "{}", record.wire);
    assert_eq!(record.events.iter().filter(|event| *event == "Body").count(), 2);
    let told: Vec<_> = record.outcomes[0]
        .recipients
        .iter()
        .map(|one| (one.status, one.code, &*one.text))
        .collect();
    let expected = [
        (Status::Accepted, Some(250), "second"),
        (Status::Accepted, Some(250), "second"),
        (Status::Refused, Some(550), "no such"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn binary_messages() {
    let envelope = || Envelope::new(FROM, ["one@a.example"]).body(BodyType::Binary).size(3);
    let octets: &[u8] = b"\n\0\r";
    let offer = "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME\r\n";
    let server = [GREETING, offer, "250 ok\r\n250 ok\r\n250 queued\r\n", "221 bye\r\n"];
    let record =
        dialogue(&config(Tls::None), &server, || vec![Do::Send(envelope(), octets), Do::Quit]);
    assert!(record.wire.contains(" BODY=BINARYMIME\r\n"), "{}", record.wire);
    assert!(record.wire.contains("BDAT 3 LAST\r\n\n\0\rQUIT\r\n"), "{:?}", record.wire);
    let record = send(ALL, &[], &envelope());
    assert_eq!(record.errors[0].reason(), Reason::BinaryMimeMissing);
}

#[test]
fn queries_and_xclient() {
    let trusting = "250-mx\r\n250-VRFY\r\n250 XCLIENT NAME ADDR\r\n";
    let record = dialogue(
        &config(Tls::None),
        &[
            GREETING,
            trusting,
            "250 Ann <ann@a.example>\r\n",
            "550 no list\r\n",
            "214-one\r\n214 two\r\n",
            "214 of MAIL\r\n",
            "220 mx\r\n",
            "250-mx\r\n250 SIZE 5\r\n",
            "221 bye\r\n",
        ],
        || {
            vec![
                Do::Call(|session| session.vrfy("ann")),
                Do::Call(|session| session.expn("staff")),
                Do::Call(|session| session.help("")),
                Do::Call(|session| session.help("MAIL")),
                Do::Call(|session| {
                    let name = (XClientAttribute::Name, "www.b.example");
                    assert!(session.capabilities().takes(name.0));
                    let client = XClient::new()
                        .attribute(name.0, name.1)
                        .attribute(XClientAttribute::Addr, XClient::UNAVAILABLE)
                        .optional_attribute(XClientAttribute::Login, "ann");
                    session.xclient(&client)
                }),
                Do::Quit,
            ]
        },
    );
    assert_eq!(
        record.wire,
        "EHLO client.example\r\nVRFY ann\r\nEXPN staff\r\nHELP\r\nHELP MAIL\r\n\
         XCLIENT NAME=www.b.example ADDR=[UNAVAILABLE]\r\nEHLO client.example\r\nQUIT\r\n"
    );
    let expected = [
        "Greeting mx ESMTP",
        "Ehlo",
        "Ready",
        "Completed",
        "Refused",
        "Completed",
        "Completed",
        "Ehlo",
        "Ready",
        "Closed",
    ];
    assert_eq!(record.events, expected);
    assert_eq!(record.errors[0].reply().map(|reply| reply.code), Some(550));

    type Call = fn(&mut Session) -> Result<(), wasm_smtp::Error>;
    let wrong: [(Call, Reason, Option<Field>); 4] = [
        (|session| session.vrfy(""), Reason::AddressEmpty, Some(Field::Argument)),
        (|session| session.vrfy("a\r\nQUIT"), Reason::AddressControl, Some(Field::Argument)),
        (|session| session.expn(&"x".repeat(255)), Reason::AddressTooLong, Some(Field::Argument)),
        (
            |session| session.xclient(&XClient::new().attribute(XClientAttribute::Port, "25")),
            Reason::ParameterNotOffered,
            Some(Field::Parameter),
        ),
    ];
    for (call, reason, field) in wrong {
        let record = dialogue(&config(Tls::None), &[GREETING, trusting], || vec![Do::Call(call)]);
        assert_eq!((record.errors[0].reason(), record.errors[0].field()), (reason, field));
        assert_eq!(record.wire, "EHLO client.example\r\n");
    }
}

#[test]
fn who_the_channel_or_nobody_says_we_are() {
    let offer = "250-mx\r\n250 AUTH EXTERNAL ANONYMOUS\r\n";
    let cases = [
        (Credentials::external(""), Mechanism::External, "AUTH EXTERNAL =\r\n"),
        (Credentials::external("bob"), Mechanism::External, "AUTH EXTERNAL Ym9i\r\n"),
        (Credentials::anonymous("site"), Mechanism::Anonymous, "AUTH ANONYMOUS c2l0ZQ==\r\n"),
    ];
    for (credentials, mechanism, line) in cases {
        let mut session = Session::new(&config(Tls::Implicit)).expect("the settings are right");
        assert!(matches!(session.next_event(), Some(Event::StartTls)));
        session.tls_done().expect("it was asked for");
        for text in [GREETING, offer] {
            session.receive(text.as_bytes());
            while session.next_event().is_some() {}
            let length = session.output().octets.len();
            session.output_sent(length);
        }
        while session.next_event().is_some() {}
        session.login(&credentials, &[7; 24]).expect("it is offered");
        assert_eq!(session.mechanism(), Some(mechanism));
        assert_eq!(std::str::from_utf8(session.output().octets), Ok(line));
        session.receive(b"235 welcome\r\n");
        let length = session.output().octets.len();
        session.output_sent(length);
        assert!(matches!(session.next_event(), Some(Event::Authenticated(_))));
    }
}

/// What a server offered that said this to EHLO.
fn offered(hello: &str) -> Capabilities {
    let mut session = Session::new(&config(Tls::None)).expect("the settings are right");
    session.receive(GREETING.as_bytes());
    while session.next_event().is_some() {}
    let length = session.output().octets.len();
    session.output_sent(length);
    session.receive(hello.as_bytes());
    while session.next_event().is_some() {}
    session.capabilities()
}

#[test]
fn nothing_waits_for_a_server_that_is_known() {
    let hello = "250-mx\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250 PIPECONNECT\r\n";
    let expected = offered(hello);
    assert!(expected.has(Extension::PipeConnect) && expected.offers(Mechanism::Plain));
    let settings = Config::new("client.example").expected(expected).early_envelope();
    for same in [true, false] {
        let mut session = Session::new(&settings).expect("the settings are right");
        assert!(matches!(session.next_event(), Some(Event::Ready)));
        let credentials = Credentials::password("ann", "secret").allow_plaintext_auth();
        assert!(!session.may_follow_login());
        session.login(&credentials, &[7; 24]).expect("it is expected");
        assert!(session.may_follow_login());
        session.submit(&Envelope::new(FROM, ["one@a.example"]).size(3)).expect("it may follow");
        let output = session.output();
        let shown = std::str::from_utf8(&output.octets[..output.secret_at]).expect("text");
        assert!(shown.starts_with("EHLO client.example\r\n"), "{shown}");
        let whole = String::from_utf8_lossy(output.octets).into_owned();
        assert!(
            whole.contains("\r\nMAIL FROM:<me@c.example>\r\nRCPT TO:<one@a.example>\r\n"),
            "{whole}"
        );
        let length = output.octets.len();
        session.output_sent(length);
        session.receive(GREETING.as_bytes());
        session.receive(if same { hello.as_bytes() } else { b"250 mx\r\n" });
        let mut seen = Vec::new();
        while let Some(event) = session.next_event() {
            match event {
                Event::Done { outcome, error, .. } => {
                    assert_eq!(outcome.recipients[0].status, Status::NotSent);
                    seen.push(error.map(|error| error.reason()));
                }
                Event::Failed(error) => {
                    assert!(error.is_retryable());
                    seen.push(Some(error.reason()));
                }
                _ => seen.push(None),
            }
        }
        let changed = Some(Reason::CapabilitiesChanged);
        let story = if same { vec![None, None] } else { vec![None, changed, changed] };
        assert_eq!(seen, story);
    }
}
