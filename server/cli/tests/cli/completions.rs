//! `completions` and `man`.

use crate::project::Project;

#[test]
fn shells_get_commands_and_most_of_them_rules() {
    let project = Project::new(&[]);
    for shell in ["bash", "elvish", "fish", "nushell", "powershell", "zsh"] {
        project.run(&["completions", shell]).expect(0).prints("check").prints("min-confidence");
    }
    for shell in ["bash", "fish", "nushell", "zsh"] {
        // A rule, and a group.
        project.run(&["completions", shell]).expect(0).prints("blocking-call").prints("ownership");
    }
    // What follows `explain` are rules alone, and what follows `man` are commands.
    let explain = "-n \"__fish_asyncwise_using_subcommand explain\" -f -a \"async-error-told-by-text ";
    let man = "-n \"__fish_asyncwise_using_subcommand man\" -f -a \"check audit ";
    project.run(&["completions", "fish"]).expect(0).prints(explain).prints(man);
    project.run(&["completions", "tcsh"]).expect(2).says("powershell");
}

#[test]
fn the_manual_has_a_page_for_the_whole_and_for_each_command() {
    let project = Project::new(&[]);
    let source = concat!("\"asyncwise ", env!("CARGO_PKG_VERSION"), "\" \"asyncwise manual\"");
    let whole = project.run(&["man"]);
    whole.expect(0).prints(".TH asyncwise 1").prints(source).prints("Check files and directories");
    let listed: Vec<_> = whole.stdout.lines().filter_map(|line| line.strip_prefix("asyncwise\\-")).collect();
    assert!(listed.contains(&"check(1)") && listed.contains(&"man(1)") && !listed.contains(&"help(1)"), "{listed:?}");
    for command in listed.iter().filter_map(|line| line.strip_suffix("(1)")) {
        let page = project.run(&["man", command]);
        page.expect(0).prints(&format!(".TH asyncwise-{command} 1")).prints(source);
        page.prints(".SH \"EXIT STATUS\"").prints(".SH ENVIRONMENT").prints(".SH \"SEE ALSO\"");
    }
    let check = project.run(&["man", "check"]);
    check.prints("\\fBasyncwise check\\fR [OPTIONS] [PATHS]...").prints("min\\-confidence").prints(".SH FILES");
    project.run(&["man", "chek"]).expect(2).says("there is no such command");
}
