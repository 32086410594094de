declare function prepare(url: string): Promise<void>;
export = prepare;
