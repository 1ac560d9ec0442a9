//! The kinds of work that an application makes, with their Dutch names in the log.

use std::fmt;

use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

/// A kind of work on an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Shape)]
#[serde(rename_all = "snake_case")]
pub enum WorkItem {
    /// Following up an application that is not complete enough to be pre-accepted.
    HandleLeads,
    /// Completing a pre-accepted application.
    CompleteApplication,
    /// Calling the customer about an offer.
    CallAboutOffers,
    /// Calling the customer about documents that are missing.
    CallAboutMissingDocuments,
    /// Validating an application whose offer came back.
    ValidateApplication,
    /// Looking into a suspicion of fraud.
    AssessFraud,
    /// Changing the details of a contract.
    ChangeContractDetails,
}

/// How soon a work item is to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Shape)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// In its turn.
    #[default]
    Normal,
    /// Before all others.
    High,
}

/// A name that is none of a work item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a work item that this program knows")]
pub struct UnknownWorkItem {
    /// The name.
    pub name: String,
}

impl WorkItem {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::HandleLeads,
        Self::CompleteApplication,
        Self::CallAboutOffers,
        Self::CallAboutMissingDocuments,
        Self::ValidateApplication,
        Self::AssessFraud,
        Self::ChangeContractDetails,
    ];

    /// The name in events, and in read models.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HandleLeads => "handle_leads",
            Self::CompleteApplication => "complete_application",
            Self::CallAboutOffers => "call_about_offers",
            Self::CallAboutMissingDocuments => "call_about_missing_documents",
            Self::ValidateApplication => "validate_application",
            Self::AssessFraud => "assess_fraud",
            Self::ChangeContractDetails => "change_contract_details",
        }
    }

    /// The Dutch name, which is the one in logs.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::HandleLeads => "Afhandelen leads",
            Self::CompleteApplication => "Completeren aanvraag",
            Self::CallAboutOffers => "Nabellen offertes",
            Self::CallAboutMissingDocuments => "Nabellen incomplete dossiers",
            Self::ValidateApplication => "Valideren aanvraag",
            Self::AssessFraud => "Beoordelen fraude",
            Self::ChangeContractDetails => "Wijzigen contractgegevens",
        }
    }

    /// The work item of a Dutch name.
    ///
    /// # Errors
    ///
    /// [`UnknownWorkItem`] when there is none.
    pub fn from_dutch(name: &str) -> Result<Self, UnknownWorkItem> {
        let known = Self::ALL.into_iter().find(|item| item.dutch() == name);
        known.ok_or_else(|| UnknownWorkItem { name: name.to_owned() })
    }
}

impl fmt::Display for WorkItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HandleLeads => "handle leads",
            Self::CompleteApplication => "complete the application",
            Self::CallAboutOffers => "call about offers",
            Self::CallAboutMissingDocuments => "call about missing documents",
            Self::ValidateApplication => "validate the application",
            Self::AssessFraud => "assess fraud",
            Self::ChangeContractDetails => "change contract details",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_work_item_is_what_events_hold() {
        for item in WorkItem::ALL {
            assert_eq!(serde_json::to_value(item).ok(), Some(item.name().into()));
        }
    }

    #[test]
    fn every_work_item_is_found_under_its_dutch_name_and_no_other() {
        for item in WorkItem::ALL {
            assert_eq!(WorkItem::from_dutch(item.dutch()), Ok(item));
        }
        let error = WorkItem::from_dutch("Koffie zetten").map_err(|error| error.to_string());
        assert_eq!(error, Err("\"Koffie zetten\" is not a work item that this program knows".into()));
    }
}
