//! `dashboard`: serves the page, and says where.

use super::ctrl_c::ctrl_c;
use crate::cli::failure::Failure;
use crate::cli::output::print;
use crate::cli::store::Postgres;
use crate::dashboard::Dashboard;

pub(super) async fn dashboard(postgres: &Postgres, port: u16) -> Result<(), Failure> {
    let unable = |error| {
        Failure::unable(format!(
            "cannot listen on 127.0.0.1:{port}: {error}; choose another port with --port"
        ))
    };
    let dashboard = Dashboard::listen(&postgres.store, &postgres.url, port).await.map_err(unable)?;
    print(&format!("http://{}/ shows the read models; Ctrl-C ends", dashboard.address()))?;
    dashboard.serve(ctrl_c()).await.map_err(|error| Failure::unable(format!("the dashboard ended: {error}")))
}
