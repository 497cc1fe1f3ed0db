//! `standpoint report`.

use anyhow::bail;

use crate::Status;

#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> anyhow::Result<Status> {
    bail!("not built yet")
}
