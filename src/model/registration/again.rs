//! A registration as a request for the same.

use super::MetadataRequest;
use crate::model::ClientMetadata;

impl MetadataRequest {
    /// What a client says about itself, to be asked for anew with changes.
    #[must_use]
    pub fn of(metadata: &ClientMetadata) -> Self {
        let uris = metadata.redirect_uris.iter();
        let grant_types = metadata.grant_types.iter();
        Self {
            client_name: Some(metadata.client_name.clone()),
            redirect_uris: Some(uris.map(|uri| uri.as_str().to_owned()).collect()),
            token_endpoint_auth_method: metadata
                .token_endpoint_auth_method
                .said()
                .map(str::to_owned),
            grant_types: Some(grant_types.map(|kind| kind.name().to_owned()).collect()),
            response_types: None,
            scope: Some(metadata.scope.to_string()),
            client_uri: metadata.client_uri.clone(),
            logo_uri: metadata.logo_uri.clone(),
            tos_uri: metadata.tos_uri.clone(),
            policy_uri: metadata.policy_uri.clone(),
            contacts: Some(metadata.contacts.clone()),
            application_type: Some(metadata.application_type.name().to_owned()),
            default_sub_type: Some(metadata.default_sub_type.name().to_owned()),
            subject_type: None,
            id_token_signed_response_alg: Some(
                metadata.id_token_signed_response_alg.name().to_owned(),
            ),
            post_logout_redirect_uris: Some(metadata.post_logout_redirect_uris.clone()),
            backchannel_logout_uri: metadata.backchannel_logout_uri.clone(),
            backchannel_logout_session_required: Some(metadata.backchannel_logout_session_required),
            software_id: metadata.software_id.clone(),
            software_version: metadata.software_version.clone(),
        }
    }
}
