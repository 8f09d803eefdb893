//! `completions` and `man`.

use crate::project::Project;

#[test]
fn shells_get_commands_and_most_of_them_rules() {
    let project = Project::new(&[]);
    for shell in ["bash", "elvish", "fish", "nushell", "powershell", "zsh"] {
        project.run(&["completions", shell]).expect(0).prints("check").prints("min-confidence");
    }
    for shell in ["bash", "fish", "nushell", "zsh"] {
        project.run(&["completions", shell]).expect(0).prints("blocking-call");
    }
    project.run(&["completions", "tcsh"]).expect(2).says("powershell");
}

#[test]
fn the_manual_has_a_page_for_the_whole_and_for_each_command() {
    let project = Project::new(&[]);
    project.run(&["man"]).expect(0).prints(".TH asyncwise 1").prints("Check files and directories");
    project.run(&["man", "check"]).expect(0).prints(".TH asyncwise-check 1").prints("min\\-confidence");
    project.run(&["man", "chek"]).expect(2).says("there is no such command");
}
