//! Compiles the headers with the C compiler and compares sizes, offsets and numbers with the
//! bindings. What the bindings declare and this list lacks fails, too.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::mem::{offset_of, size_of};
use std::path::PathBuf;
use std::process::Command;

use wasm_smtp_sys::*;

/// (name of the struct, its size unless its end is private, its fields with their offsets)
type Layout = (&'static str, Option<usize>, Vec<(&'static str, usize)>);

macro_rules! layout {
    ($name:ident, $size:expr, $($field:ident $(as $c:literal)?),+) => {
        (stringify!($name), $size, vec![$((c_name(stringify!($field), [$($c)?].first().copied()), offset_of!($name, $field))),+])
    };
}

/// A field's name in C, where Rust reserves the word.
fn c_name(rust: &'static str, c: Option<&'static str>) -> &'static str {
    c.unwrap_or(rust)
}

fn layouts() -> Vec<Layout> {
    vec![
        layout!(
            wsmtp_config,
            Some(size_of::<wsmtp_config>()),
            size,
            input,
            input_len,
            output,
            output_len,
            ehlo_name,
            ehlo_name_len,
            tls,
            protocol,
            flags,
            eager_octets,
            overlap,
            timeouts,
            expected
        ),
        layout!(
            wsmtp_capabilities,
            Some(size_of::<wsmtp_capabilities>()),
            flags,
            auth,
            size,
            mail_max,
            rcpt_max,
            rcpt_domain_max,
            deliver_by_min,
            hold_max,
            xclient
        ),
        layout!(
            wsmtp_enhanced_code,
            Some(size_of::<wsmtp_enhanced_code>()),
            class_,
            subject,
            detail
        ),
        layout!(wsmtp_reply, Some(size_of::<wsmtp_reply>()), code, enhanced, text, text_len),
        layout!(
            wsmtp_parameter,
            Some(size_of::<wsmtp_parameter>()),
            keyword,
            optional,
            value,
            value_len
        ),
        layout!(
            wsmtp_error,
            Some(size_of::<wsmtp_error>()),
            reason,
            kind,
            step,
            field,
            index,
            retryable,
            in_doubt,
            reply,
            detail,
            detail_len
        ),
        layout!(
            wsmtp_recipient,
            Some(size_of::<wsmtp_recipient>()),
            address,
            address_len,
            parameters,
            parameters_len,
            status,
            from_message,
            code,
            enhanced
        ),
        layout!(
            wsmtp_transaction,
            None,
            size,
            reverse_path,
            reverse_path_len,
            recipients,
            recipients_len,
            parameters,
            parameters_len,
            message_size,
            body,
            flags,
            context,
            next,
            status,
            accepted_count,
            code,
            enhanced
        ),
        layout!(wsmtp_event, Some(size_of::<wsmtp_event>()), type_ as "type", reply, transaction, recipient, error, hash, iterations, salt, salt_len),
        layout!(
            wsmtp_body_scan,
            Some(size_of::<wsmtp_body_scan>()),
            octets,
            has_8bit,
            has_bare_cr,
            has_bare_lf,
            has_nul,
            has_long_line,
            after_cr,
            line_len
        ),
        layout!(
            wsmtp_credentials,
            Some(size_of::<wsmtp_credentials>()),
            size,
            mechanism,
            user,
            user_len,
            password,
            password_len,
            token,
            token_len,
            authzid,
            authzid_len,
            host,
            host_len,
            port,
            nonce,
            nonce_len,
            scram_iterations_min,
            scram_iterations_max,
            allow_plaintext_auth,
            binding,
            binding_data,
            binding_data_len
        ),
        layout!(
            wsmtp_mailbox,
            Some(size_of::<wsmtp_mailbox>()),
            local_part_len,
            domain_at,
            domain_len,
            quoted,
            literal,
            utf8
        ),
    ]
}

/// Every `pub const WSMTP_…` of src/numbers.rs, as the source says it.
fn numbers() -> BTreeMap<String, u64> {
    include_str!("../src/numbers.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "))
        .map(|line| {
            let (name, rest) = line.split_once(": ").expect("a constant has a type");
            let value =
                rest.split_once(" = ").expect("a constant has a value").1.trim_end_matches(';');
            let number = match value.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16),
                None if value == "u64::MAX" => Ok(u64::MAX),
                None => value.parse(),
            };
            (name.to_owned(), number.unwrap_or_else(|error| panic!("{name} = {value}: {error}")))
        })
        .collect()
}

/// Runs a C program that includes the headers and prints `name value` lines.
fn ask_the_compiler(body: &str) -> BTreeMap<String, u64> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (folder.join("layout.c"), folder.join("layout"));
    let text = format!(
        "#include <stdio.h>\n#include <wsmtp/engine.h>\n\
         #define SHOW(name, value) printf(\"%s %llu\\n\", name, (unsigned long long)(value))\n\
         int main(void)\n{{\n{body}    return 0;\n}}\n"
    );
    std::fs::write(&source, text).expect("the probe can be written");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/c/include");
    let compiled = Command::new(compiler)
        .args(["-std=c11", "-I", include, "-o"])
        .args([&program, &source])
        .output();
    let compiled = compiled.expect("a C compiler runs");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&program).output().expect("the probe runs");
    let lines = String::from_utf8(output.stdout).expect("the probe prints ASCII");
    let pairs = lines.lines().map(|line| line.rsplit_once(' ').expect("name and value"));
    pairs.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
}

#[test]
fn the_bindings_are_the_header() {
    let mut ours = numbers();
    let mut probe = String::new();
    for name in ours.keys() {
        writeln!(probe, "    SHOW(\"{name}\", {name});").expect("text");
    }
    for (name, size, fields) in layouts() {
        if let Some(size) = size {
            writeln!(probe, "    SHOW(\"sizeof {name}\", sizeof({name}));").expect("text");
            ours.insert(format!("sizeof {name}"), size as u64);
        }
        for (field, offset) in fields {
            writeln!(probe, "    SHOW(\"{name}.{field}\", offsetof({name}, {field}));")
                .expect("text");
            ours.insert(format!("{name}.{field}"), offset as u64);
        }
    }
    // SAFETY: functions of the C side that only return a constant.
    let (engine, transaction) = unsafe { (wsmtp_sys_engine_size(), wsmtp_sys_transaction_size()) };
    for (name, size) in [("wsmtp_engine", engine), ("wsmtp_transaction", transaction)] {
        writeln!(probe, "    SHOW(\"sizeof {name}\", sizeof({name}));").expect("text");
        writeln!(probe, "    SHOW(\"align {name}\", _Alignof({name}) <= {STRUCT_ALIGN});")
            .expect("text");
        ours.insert(format!("sizeof {name}"), size as u64);
        ours.insert(format!("align {name}"), 1);
    }
    for name in [
        "tls",
        "protocol",
        "step",
        "status",
        "body",
        "keyword",
        "event_type",
        "mechanism",
        "hash",
        "binding",
        "field",
        "reason",
        "kind",
    ] {
        writeln!(probe, "    SHOW(\"enum {name}\", sizeof(wsmtp_{name}));").expect("text");
        ours.insert(format!("enum {name}"), size_of::<wsmtp_reason>() as u64);
    }
    let theirs = ask_the_compiler(&probe);
    let wrong: Vec<String> = ours
        .iter()
        .filter(|(name, value)| theirs.get(*name) != Some(value))
        .map(|(name, value)| format!("{name}: {value} here, {:?} in the header", theirs.get(name)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(theirs.len() > 250, "only {} items were compared", theirs.len());
}

/// Structs could have a field more than the bindings know; then sizes agree only by padding.
#[test]
fn no_field_is_missing() {
    let headers = [
        include_str!("../c/include/wsmtp/engine.h"),
        include_str!("../c/include/wsmtp/sasl.h"),
        include_str!("../c/include/wsmtp/address.h"),
    ]
    .concat();
    for (name, _, fields) in layouts() {
        let start = headers
            .find(&format!("typedef struct {name} {{"))
            .unwrap_or_else(|| panic!("{name} is in a header"));
        let text = without_comments(&headers[start..]);
        let body = &text[text.find('{').expect("a body") + 1..text.find('}').expect("its end")];
        let body = body.split("uint64_t end_mark").next().expect("the public part");
        let count = body.matches(';').count();
        assert_eq!(count, fields.len(), "{name} has {count} fields in the header: {body}");
    }
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once("*/").map_or("", |(_, rest)| rest));
    }
    out
}
