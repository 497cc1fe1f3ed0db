//! `standpoint extract`.

use anyhow::bail;

use crate::Status;
use crate::open::{self, ModelArgs};
use crate::stages::StageSet;

mod people;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which stages: any of sentences, words, entities, quotes, stances, with commas; each brings
    /// those it needs.
    #[arg(long, value_name = "LIST", default_value_t)]
    stages: StageSet,
    #[command(flatten)]
    models: ModelArgs,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Status> {
    let _stages = open::open(&args.models, &args.stages)?;
    bail!("not built yet")
}
