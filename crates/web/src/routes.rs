//! Routes and the list of them: a room hands over [`Routes`], so every address that answers stands in [`Routes::list`], which
//! tests walk through. [`get`] and [`post`] read as axum's.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use utoipa::openapi::{OpenApi, PathItem};

use crate::state::AppState;

/// An address that answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path, with its parameters in braces: `/desk/cases/{case}`.
    pub path: String,
    /// The method's name: `GET`, `POST`.
    pub method: &'static str,
}

/// Handlers of one path by method.
pub struct Methods {
    handlers: MethodRouter<AppState>,
    methods: Vec<&'static str>,
}

/// Answers GET.
pub fn get<H: Handler<T, AppState>, T: 'static>(handler: H) -> Methods {
    Methods { handlers: routing::get(handler), methods: vec!["GET"] }
}

/// Answers POST.
pub fn post<H: Handler<T, AppState>, T: 'static>(handler: H) -> Methods {
    Methods { handlers: routing::post(handler), methods: vec!["POST"] }
}

impl Methods {
    /// Answers POST as well.
    #[must_use]
    pub fn post<H: Handler<T, AppState>, T: 'static>(mut self, handler: H) -> Methods {
        self.handlers = self.handlers.post(handler);
        self.methods.push("POST");
        self
    }

    /// Another limit for what is sent here.
    #[must_use]
    pub fn layer(mut self, limit: DefaultBodyLimit) -> Methods {
        self.handlers = self.handlers.layer(limit);
        self
    }
}

/// Routes with their list.
#[derive(Default)]
pub struct Routes {
    router: Router<AppState>,
    list: Vec<Route>,
}

impl Routes {
    /// None yet.
    #[must_use]
    pub fn new() -> Routes {
        Routes::default()
    }

    /// Adds a path.
    #[must_use]
    pub fn route(mut self, path: &str, methods: Methods) -> Routes {
        self.list.extend(methods.methods.iter().map(|method| Route { path: path.to_owned(), method }));
        self.router = self.router.route(path, methods.handlers);
        self
    }

    /// Adds other routes.
    #[must_use]
    pub fn merge(mut self, other: Routes) -> Routes {
        self.router = self.router.merge(other.router);
        self.list.extend(other.list);
        self
    }

    /// Adds described endpoints: the description is their list.
    #[must_use]
    pub fn described(router: Router<AppState>, description: &OpenApi) -> Routes {
        let list = description
            .paths
            .paths
            .iter()
            .flat_map(|(path, item)| methods_of(item).map(|method| Route { path: path.clone(), method }));
        Routes { router, list: list.collect() }
    }

    /// Another limit for what is sent to these routes.
    #[must_use]
    pub fn layer(self, limit: DefaultBodyLimit) -> Routes {
        self.around(|router| router.layer(limit))
    }

    /// Puts something around these routes.
    #[must_use]
    pub(crate) fn around(self, layers: impl FnOnce(Router<AppState>) -> Router<AppState>) -> Routes {
        Routes { router: layers(self.router), list: self.list }
    }

    /// Every address that answers.
    #[must_use]
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    /// The router alone.
    #[must_use]
    pub(crate) fn into_router(self) -> Router<AppState> {
        self.router
    }
}

fn methods_of(item: &PathItem) -> impl Iterator<Item = &'static str> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    let methods = [
        ("GET", get),
        ("PUT", put),
        ("POST", post),
        ("DELETE", delete),
        ("OPTIONS", options),
        ("HEAD", head),
        ("PATCH", patch),
        ("TRACE", trace),
    ];
    methods.into_iter().filter_map(|(name, operation)| operation.is_some().then_some(name))
}
