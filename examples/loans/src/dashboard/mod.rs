//! The read models as one page on this machine: figures and plots as HTML and SVG, made here, with nothing
//! fetched from elsewhere.
//!
//! The page comes whole, so it can be read without a script. A few lines of script fetch its figures again
//! every two seconds and put them in the place of the old ones: unlike a reload that keeps the scroll
//! position, does not flicker, and leaves the last figures on the screen when the server is gone. Without
//! scripts the page reloads itself.

mod charts;
mod page;
mod sections;
mod server;
mod text;

pub use self::server::Dashboard;
