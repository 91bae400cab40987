//! Puts goods on the shop's shelves.

use crate::{failure::Failure, system::System};
use api::inventory::v1::{
    CatalogueItem, PutCatalogueRequest, ReceiveStockRequest, StockLine,
    inventory_service_client::InventoryServiceClient,
};

/// What is sold from now on.
pub async fn offer(system: &System, items: Vec<CatalogueItem>) -> Result<(), Failure> {
    let mut inventory = InventoryServiceClient::new(system.wire("operator", inventory::NAME));
    inventory.put_catalogue(PutCatalogueRequest { items }).await?;
    Ok(())
}

/// A delivery to the shop.
pub async fn receive(system: &System, request_id: String, lines: Vec<StockLine>) -> Result<(), Failure> {
    let mut inventory = InventoryServiceClient::new(system.wire("operator", inventory::NAME));
    inventory.receive_stock(ReceiveStockRequest { request_id, lines }).await?;
    Ok(())
}
