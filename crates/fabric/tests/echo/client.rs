//! What a generated client would be.

use super::Echo;
use fabric::Wire;
use http::uri::PathAndQuery;
use tonic::{IntoRequest, IntoStreamingRequest, Request, Response, Status, Streaming, client::Grpc};
use tonic_prost::ProstCodec;

#[derive(Clone)]
pub struct Client(Grpc<Wire>);

impl Client {
    pub fn new(wire: Wire) -> Self {
        Self(Grpc::new(wire))
    }

    pub async fn unary(&mut self, echo: impl IntoRequest<Echo>) -> Result<Response<Echo>, Status> {
        self.call("Unary", echo.into_request()).await
    }

    pub async fn once(&mut self, echo: impl IntoRequest<Echo>) -> Result<Response<Echo>, Status> {
        self.call("Once", echo.into_request()).await
    }

    pub async fn patient(&mut self, echo: impl IntoRequest<Echo>) -> Result<Response<Echo>, Status> {
        self.call("Patient", echo.into_request()).await
    }

    pub async fn nested(&mut self, echo: impl IntoRequest<Echo>) -> Result<Response<Echo>, Status> {
        self.call("Nested", echo.into_request()).await
    }

    pub async fn call(&mut self, method: &str, request: Request<Echo>) -> Result<Response<Echo>, Status> {
        self.at(&format!("/test.echo.v1.EchoService/{method}"), request).await
    }

    pub async fn at(&mut self, path: &str, request: Request<Echo>) -> Result<Response<Echo>, Status> {
        self.0.ready().await?;
        self.0.unary(request, path.parse().unwrap(), ProstCodec::<Echo, Echo>::default()).await
    }

    pub async fn watch(&mut self, echo: impl IntoRequest<Echo>) -> Result<Response<Streaming<Echo>>, Status> {
        self.stream("Watch", echo.into_request()).await
    }

    pub async fn endless(&mut self, echo: impl IntoRequest<Echo>) -> Result<Response<Streaming<Echo>>, Status> {
        self.stream("Endless", echo.into_request()).await
    }

    async fn stream(&mut self, method: &str, request: Request<Echo>) -> Result<Response<Streaming<Echo>>, Status> {
        self.0.ready().await?;
        self.0.server_streaming(request, path(method), ProstCodec::<Echo, Echo>::default()).await
    }

    pub async fn chat(
        &mut self,
        echoes: impl IntoStreamingRequest<Message = Echo>,
    ) -> Result<Response<Streaming<Echo>>, Status> {
        self.0.ready().await?;
        let request = echoes.into_streaming_request();
        self.0.streaming(request, path("Chat"), ProstCodec::<Echo, Echo>::default()).await
    }
}

fn path(method: &str) -> PathAndQuery {
    format!("/test.echo.v1.EchoService/{method}").parse().unwrap()
}
