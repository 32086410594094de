import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A user as which processes run. Where it is undefined, they run as the user of this process. */
export interface ProcessUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user to run the server as. PostgreSQL refuses to run as root, as which most containers run: then it runs as an unprivileged
 * user that every system has.
 */
export function serverUser(): ProcessUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = new Map<string, ProcessUser>();
  for (const line of readPasswd().split("\n")) {
    const [name, , uid, gid] = line.split(":");
    // `>>> 0`: macOS writes the uid of nobody as -2.
    if (name && uid && gid) users.set(name, { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 });
  }
  return users.get("postgres") ?? users.get("nobody") ?? { name: "nobody", uid: 65534, gid: 65534 };
}

/** Whether `user` may enter every folder above `path`. */
export function canReach(path: string, user: ProcessUser | undefined): boolean {
  if (user === undefined) return true;
  for (let folder = path; ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}

/** The part of the options of `spawn` that makes the child run as `user`. */
export function asUser(user: ProcessUser | undefined): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

function readPasswd(): string {
  try {
    return readFileSync("/etc/passwd", "utf8");
  } catch {
    return "";
  }
}
