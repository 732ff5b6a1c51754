//! Makes the files of the page of `web/`: one script and one style sheet, without comments and
//! indentation.
//!
//! `web/index.html` names the style sheets and the first module. Each module becomes a function that
//! returns what it exports, in the order in which modules need each other. That takes modules of a
//! plain form, which is checked: they begin with their imports, each of which ends with a
//! semicolon; they export declarations (a library also a list at its end); and they do not import
//! each other in circles.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// The page, in files.
pub(crate) struct Page {
    /// `index.html`, with `{page}` where the folder of the other files belongs.
    pub(crate) html: String,
    pub(crate) script: String,
    pub(crate) style: String,
    pub(crate) icon: String,
}

impl Page {
    /// Reads the folder `web/`.
    pub(crate) fn read(web: &Path) -> io::Result<Self> {
        let index = fs::read_to_string(web.join("index.html"))?;
        let mut html = String::new();
        let mut style = String::new();
        let mut modules = Modules::default();
        for line in index.lines() {
            let file = line.split("{page}/").nth(1);
            let file = file.and_then(|rest| rest.split('"').next());
            match file {
                Some(file) if file.starts_with("css/") => {
                    if style.is_empty() {
                        html += "<link rel=\"stylesheet\" href=\"{page}/page.css\">\n";
                    }
                    let sheet = fs::read_to_string(web.join(file))?;
                    style += &without_indentation(&without_comments(&sheet, "/*"));
                }
                Some(file) if file.starts_with("js/") => {
                    modules.add(web, file)?;
                    html += "<script type=\"module\" src=\"{page}/page.js\"></script>\n";
                }
                _ => {
                    html += line;
                    html.push('\n');
                }
            }
        }
        Ok(Self {
            html,
            script: modules.text,
            style,
            icon: fs::read_to_string(web.join("icon.svg"))?,
        })
    }
}

/// The modules that have been added, each with its name in the script.
#[derive(Default)]
struct Modules {
    /// `None` while what a module imports is being added.
    names: BTreeMap<String, Option<String>>,
    text: String,
}

impl Modules {
    /// Adds a module, after those that it imports. Returns its name.
    fn add(&mut self, web: &Path, file: &str) -> io::Result<String> {
        let refuse = |reason: &str| io::Error::other(format!("web/{file}: {reason}"));
        match self.names.get(file) {
            Some(Some(name)) => return Ok(name.clone()),
            Some(None) => return Err(refuse("modules import each other in a circle")),
            None => {}
        }
        let name = format!("$m{}", self.names.len());
        self.names.insert(file.to_owned(), None);
        let source = fs::read_to_string(web.join(file))?;
        let mut body = String::new();
        let mut exports = Vec::new();
        let source = without_comments(&source, "/** ");
        let source = without_indentation(&source);
        let mut lines = source.lines().filter(|line| !line.starts_with("//"));
        while let Some(line) = lines.next() {
            if let Some(import) = line.strip_prefix("import ") {
                let mut import = import.to_owned();
                while !import.ends_with(';') {
                    import += lines.next().ok_or_else(|| refuse("an import has no end"))?;
                }
                let (what, from) = import
                    .strip_suffix("\";")
                    .and_then(|import| import.split_once(" from \""))
                    .ok_or_else(|| refuse("an import must be of the form: import … from \"…\";"))?;
                let from = self.add(web, &resolved(file, from))?;
                let what = what.strip_prefix("* as ").unwrap_or(what);
                let _ = writeln!(body, "const {}={from};", what.replace(" as ", ":"));
            } else if let Some(declaration) = line.strip_prefix("export ") {
                let name = declared(declaration);
                exports.push(name.ok_or_else(|| refuse("only declarations can be exported"))?);
                body += declaration;
                body.push('\n');
            } else if let Some((code, list)) = line.rsplit_once(";export{") {
                // As in a library.
                for export in list.trim_end_matches("};").split(',') {
                    let (inside, outside) = export.split_once(" as ").unwrap_or((export, export));
                    exports.push(format!("{outside}:{inside}"));
                }
                let _ = writeln!(body, "{code};");
            } else {
                body += line;
                body.push('\n');
            }
        }
        let exports = exports.join(",");
        let _ = write!(
            self.text,
            "const {name}=(()=>{{\n{body}return{{{exports}}};\n}})();\n"
        );
        self.names.insert(file.to_owned(), Some(name.clone()));
        Ok(name)
    }
}

/// The path that a module imports, from `web/`.
fn resolved(file: &str, from: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    match from.strip_prefix("../") {
        Some(other) => other.to_owned(),
        None => format!("{folder}/{}", from.trim_start_matches("./")),
    }
}

/// The name that a declaration gives.
fn declared(declaration: &str) -> Option<String> {
    let rest = declaration
        .strip_prefix("async ")
        .unwrap_or(declaration)
        .split_once(' ')
        .filter(|(kind, _)| ["const", "function", "function*", "class"].contains(kind))?
        .1;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_owned())
}

/// The text without comments that begin with `start` and end with `*/`.
fn without_comments(text: &str, start: &str) -> String {
    let text = text.replace("/**\n", "/** \n");
    let mut parts = text.split(start);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once("*/").map_or("", |(_, rest)| rest);
        // With the space between the comment and what it is about.
        kept += rest.strip_prefix(' ').unwrap_or(rest);
    }
    kept
}

fn without_indentation(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.fold(String::new(), |all, line| all + line + "\n")
}
