// What `modules/command/` exports. The package has the module itself, and the JavaScript around it, beside this.

export function initSync(options: { module: Uint8Array }): unknown;

export function check(file: string, text: string): [isInOrder: boolean, said: string];
export function leftAside(file: string, read: string): string;
export function readByWrangler(folders: number, exists: (folder: number, name: string) => boolean): string | undefined;
export function redirect(): string;

export function settings(
  file: string,
  text: string,
  environment: string | undefined,
  origins: string[],
  isRouteMode: boolean,
  set: string[],
): string;
export function mistakesIn(settings: string): string;
export function mistakeInToken(token: string): string;

export function drillField(token: string, word: string, site: string, validity: string, now: number): string;

/** See `operator::pages::Folder`. */
export interface Folder {
  pathOf(name: string): string;
  isEmpty(): boolean;
  has(name: string): boolean;
  remove(name: string): void;
  write(name: string, text: string): void;
  gzipped(text: string): number;
}
export function pages(settings: string, folder: Folder): string;

/** An answer, with its header fields as one list: a name, its value, the next name. */
export interface Answer {
  status: number;
  fields: string[];
  body: string;
}
export function maskCheck(
  url: string,
  token: string,
  now: number,
  ask: (url: string, fields: string[], limit: number, most: number) => Promise<Answer>,
): Promise<[areOurs: boolean, said: string]>;
