//! The page.

use axum::response::Html;

pub const FORM: &str = r#"<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Contact</title>
<form method="post">
<p><label>Name <input name="name" required></label>
<p><label>Address <input name="email" type="email" required></label>
<p><label>Message <textarea name="text" required></textarea></label>
<p><button>Send</button>
</form>
"#;

/// `words` must be ours: they are not escaped.
pub fn answer(words: &str) -> Html<String> {
    Html(format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Contact</title>\n<p>{words}\n"
    ))
}
