//! What inventory's catalogue says, remembered: prices are only ever added, so what was carried once is carried for
//! ever, and only what is missing is asked for again.

use crate::domain::{Line, Pricing};
use api::inventory::v1::{CatalogueItem, GetCatalogueRequest, inventory_service_client::InventoryServiceClient};
use fabric::Wire;
use parking_lot::RwLock;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use tonic::Status;

/// Items beyond this are forgotten all at once: memory stays flat, and asking again costs one call.
const REMEMBERED: usize = 50_000;
/// SKUs of one call, by the contract.
const ASKED: usize = 1_000;

/// The way to the catalogue, with a memory.
pub struct Catalogue {
    inventory: InventoryServiceClient<Wire>,
    items: RwLock<HashMap<String, Arc<CatalogueItem>>>,
}

impl Catalogue {
    /// Over the way to inventory.
    pub fn new(inventory: Wire) -> Self {
        Self { inventory: InventoryServiceClient::new(inventory), items: RwLock::default() }
    }

    /// What the catalogue says of each line, in their order.
    pub async fn pricings(&self, lines: &[Line], currency: &str) -> Result<Vec<Pricing>, Status> {
        let unsure = self.unsure(lines, currency);
        // What was just asked is looked at first: the memory may forget it at any moment.
        let asked = if unsure.is_empty() { HashMap::new() } else { self.ask(unsure).await? };
        let items = self.items.read();
        let item = |sku: &String| asked.get(sku).or_else(|| items.get(sku)).map(Arc::as_ref);
        Ok(lines.iter().map(|line| pricing(item(&line.sku), line, currency)).collect())
    }

    /// The SKUs of lines that the memory does not carry.
    fn unsure(&self, lines: &[Line], currency: &str) -> Vec<String> {
        let items = self.items.read();
        let unsure: BTreeSet<&String> = lines
            .iter()
            .filter(|line| {
                let known = items.get(&line.sku).map(Arc::as_ref);
                !matches!(pricing(known, line, currency), Pricing::Carried { .. })
            })
            .map(|line| &line.sku)
            .collect();
        unsure.into_iter().cloned().collect()
    }

    async fn ask(&self, skus: Vec<String>) -> Result<HashMap<String, Arc<CatalogueItem>>, Status> {
        let mut asked = HashMap::with_capacity(skus.len());
        for skus in skus.chunks(ASKED) {
            let request = GetCatalogueRequest { skus: skus.to_vec() };
            let found = self.inventory.clone().get_catalogue(request).await?.into_inner().items;
            asked.extend(found.into_iter().map(|item| (item.sku.clone(), Arc::new(item))));
        }
        let mut items = self.items.write();
        if items.len() + asked.len() > REMEMBERED {
            items.clear();
        }
        items.extend(asked.iter().map(|(sku, item)| (sku.clone(), item.clone())));
        Ok(asked)
    }
}

fn pricing(item: Option<&CatalogueItem>, line: &Line, currency: &str) -> Pricing {
    let Some(item) = item else { return Pricing::Unknown };
    let carried = item.prices.iter().any(|price| {
        line.quantity >= price.min_quantity
            && price
                .unit_price
                .as_ref()
                .is_some_and(|money| money.minor_units == line.unit_price && money.currency_code == currency)
    });
    match carried {
        true => Pricing::Carried { title: item.title.clone() },
        false => Pricing::OtherPrice,
    }
}
