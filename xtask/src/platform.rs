//! What differs between Unix and Windows.

use std::io;
use std::path::Path;
use std::process::{Child, Command};

/// npm's command.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Has `command` start in a process group of its own, so that Ctrl-C in a terminal does not reach it.
#[cfg(unix)]
pub fn in_own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

/// Has `command` start in a process group of its own, so that Ctrl-C in a console does not reach it.
#[cfg(windows)]
pub fn in_own_group(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

/// Ends `child` and what it has started.
#[cfg(unix)]
pub fn end_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

/// Ends `child` and what it has started.
#[cfg(windows)]
pub fn end_group(child: &Child) {
    let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &child.id().to_string()]).output();
}

/// Lets `file` be run as a program.
#[cfg(unix)]
pub fn make_executable(file: &Path) -> io::Result<()> {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    set_permissions(file, Permissions::from_mode(0o755))
}

/// Lets `file` be run as a program: here, its name decides that.
#[cfg(windows)]
pub fn make_executable(_file: &Path) -> io::Result<()> {
    Ok(())
}
