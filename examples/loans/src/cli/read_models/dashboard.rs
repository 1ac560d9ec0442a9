//! `dashboard`: serves the page, and says where.

use crate::cli::ctrl_c::ctrl_c;
use crate::cli::failure::Failure;
use crate::cli::output::print;
use crate::dashboard::Dashboard;
use crate::read_models::ReadModels;

pub(super) async fn dashboard(read_models: ReadModels, port: u16) -> Result<(), Failure> {
    let unable = |error| {
        Failure::unable(format!(
            "cannot listen on 127.0.0.1:{port}: {error}; choose another port with --port"
        ))
    };
    let dashboard = Dashboard::listen(read_models, port).await.map_err(unable)?;
    print(&format!("http://{}/ shows the read models; Ctrl-C ends", dashboard.address()))?;
    dashboard.serve(ctrl_c()).await.map_err(|error| Failure::unable(format!("the dashboard ended: {error}")))
}
