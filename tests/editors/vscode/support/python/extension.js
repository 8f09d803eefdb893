// The environments are `one` and `two` of the folder.
const vscode = require("vscode");

exports.activate = (context) => {
  const changed = new vscode.EventEmitter();
  let selected = "one";
  const select = () => {
    selected = selected === "one" ? "two" : "one";
    changed.fire({});
  };
  context.subscriptions.push(vscode.commands.registerCommand("python.selectNextEnvironment", select));
  const interpreter = (folder) => vscode.Uri.joinPath(folder, selected, "bin", "python").fsPath;
  return {
    environments: {
      getActiveEnvironmentPath: (folder) => ({ id: selected, path: interpreter(folder) }),
      onDidChangeActiveEnvironmentPath: changed.event,
    },
  };
};
