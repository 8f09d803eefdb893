/** What the server is told of the settings. */

/** The settings of the extension itself, which the server does not know. */
const OWN: ReadonlySet<string> = new Set(["path", "trace"]);

/** The settings whose values are paths. */
const PATHS: ReadonlySet<string> = new Set(["configuration", "extraPaths", "python"]);

/** What the settings are completed with. */
export interface Completion {
  /** The environment selected in the Python extension: its directory, or an interpreter in it. */
  readonly python: string | undefined;
  /** Fills in variables of a path. */
  readonly fillIn: (path: string) => string;
}

/**
 * The settings for the server, from the section `asyncwise` as the editor has it. What is empty is left out: the server
 * then does what the configuration file says, or its default.
 */
export function settingsForServer(section: unknown, completion: Completion): Record<string, unknown> {
  const given = typeof section === "object" && section !== null ? Object.entries(section) : [];
  const settings: Record<string, unknown> = {};
  for (const [key, value] of given) {
    if (OWN.has(key) || isEmpty(value)) continue;
    settings[key] = PATHS.has(key) ? filledIn(value, completion.fillIn) : value;
  }
  // The configuration file may name another, which counts.
  if (completion.python !== undefined) settings.selectedPython = completion.python;
  return settings;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

function filledIn(value: unknown, fillIn: (path: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => filledIn(item, fillIn));
  return typeof value === "string" ? fillIn(value) : value;
}

/**
 * The arguments of the command line that say the same. A report then is of what the editor shows. The selected environment is none of
 * them, see {@link variables}.
 */
export function commandLine(settings: Record<string, unknown>): string[] {
  const options: readonly (readonly [string, string])[] = [
    ["select", "--select"],
    ["ignore", "--ignore"],
    ["minConfidence", "--min-confidence"],
    ["targetVersion", "--target-version"],
    ["configuration", "--config"],
    ["extraPaths", "--extra-path"],
    ["python", "--python"],
  ];
  return options.flatMap(([key, option]) => {
    const value = settings[key];
    const values = Array.isArray(value) ? value : [value];
    return values.filter((one) => typeof one === "string").flatMap((one) => [option, one]);
  });
}

/** The environment variables that say the rest: the selected environment counts as one that is activated. */
export function variables(settings: Record<string, unknown>): NodeJS.ProcessEnv {
  const { selectedPython } = settings;
  return typeof selectedPython === "string" ? { VIRTUAL_ENV: selectedPython } : {};
}
