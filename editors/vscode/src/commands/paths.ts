/** The commands about chains of calls. */

import * as vscode from "vscode";
import { findingAt, peek, stepThrough, wayOf, type Way } from "../chain.js";
import { type Service } from "../service.js";

/** A path as the server tells it. */
interface ServerPath {
  readonly title: string;
  readonly steps: readonly { readonly message: string; readonly location: ServerLocation | null }[];
}

interface ServerLocation {
  readonly uri: string;
  readonly range: { readonly start: ServerPosition; readonly end: ServerPosition };
}

interface ServerPosition {
  readonly line: number;
  readonly character: number;
}

interface Place {
  readonly uri: vscode.Uri;
  readonly position: vscode.Position;
}

/** Asks the server for the paths through a place, and lets the user choose a step. */
export async function showPath(service: Service, place: Place | undefined): Promise<void> {
  if (place === undefined)
    return void vscode.window.showInformationMessage("Put the cursor on a call or a function in a Python file.");
  const ways = await pathsThrough(service, place);
  if (ways === undefined) return;
  if (ways.length === 0)
    return void vscode.window.showInformationMessage("Nothing here blocks an event loop, starts one, or runs on one.");
  await stepThrough(ways, new vscode.Location(place.uri, place.position));
}

/** Steps through the chain of the finding here, or through the paths where there is none. */
export async function stepThroughChain(service: Service, place: Place | undefined): Promise<void> {
  const finding = place === undefined ? undefined : findingAt(place.uri, place.position);
  if (place === undefined || finding === undefined) return showPath(service, place);
  await stepThrough([wayOf(place.uri, finding)], new vscode.Location(place.uri, finding.range));
}

/** Peeks at the chain of the finding here, or at the shortest path where there is none. */
export async function peekChain(service: Service, place: Place | undefined): Promise<void> {
  const finding = place === undefined ? undefined : findingAt(place.uri, place.position);
  if (place !== undefined && finding !== undefined)
    return peek(place.uri, finding.range.start, wayOf(place.uri, finding));
  const ways = place === undefined ? [] : await pathsThrough(service, place);
  const [way] = ways ?? [];
  if (place !== undefined && way !== undefined) return peek(place.uri, place.position, way);
  if (ways !== undefined)
    void vscode.window.showInformationMessage("There is no finding of asyncwise here, and no path to one.");
}

/** The cursor of the active editor, or what a lens or an action names: a URI and a position, of the editor or the server. */
export function placeOf(args: readonly unknown[]): Place | undefined {
  const [uri, position] = args;
  if (uri !== undefined && position !== undefined) {
    const { line, character } = position as ServerPosition;
    return {
      uri: typeof uri === "string" ? vscode.Uri.parse(uri) : (uri as vscode.Uri),
      position: new vscode.Position(line, character),
    };
  }
  const editor = vscode.window.activeTextEditor;
  return editor?.document.languageId === "python"
    ? { uri: editor.document.uri, position: editor.selection.active }
    : undefined;
}

async function pathsThrough(service: Service, place: Place): Promise<Way[] | undefined> {
  const { line, character } = place.position;
  const paths = await service.execute<ServerPath[] | null>("asyncwise.showPath", place.uri.toString(), {
    line,
    character,
  });
  return paths === undefined ? undefined : (paths ?? []).map(wayOfPath);
}

function wayOfPath(path: ServerPath): Way {
  const steps = path.steps.flatMap(({ message, location }) =>
    location === null ? [] : [{ message, location: locationOf(location) }],
  );
  return { title: path.title, steps };
}

function locationOf({ uri, range }: ServerLocation): vscode.Location {
  const { start, end } = range;
  return new vscode.Location(
    vscode.Uri.parse(uri),
    new vscode.Range(start.line, start.character, end.line, end.character),
  );
}
