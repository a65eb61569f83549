//! Signatures of AWS, version 4. The crate only signs: nothing is sent from here, and no clock or environment is read.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use serin_core::{revision::Text, time::Timestamp};

use crate::http::secret::Secret;

/// Who asks, and of which region and service.
pub(super) struct Signer<'a> {
    secret: &'a Secret,
    region: &'a str,
    service: &'static str,
}

/// The keys of a Secret: the first two are needed, the third belongs to temporary credentials.
const ID: &str = "aws_access_key_id";
const KEY: &str = "aws_secret_access_key";
const TOKEN: &str = "aws_session_token";

impl<'a> Signer<'a> {
    pub(super) fn new(secret: &'a Secret, region: &'a str, service: &'static str) -> Self {
        Self { secret, region, service }
    }

    /// The headers that sign a request with these headers, among them `X-Amz-Date`.
    ///
    /// # Errors
    /// There are no credentials, or the request cannot be signed.
    pub(super) fn headers(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, String)],
        body: &str,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, Text> {
        let (Some(id), Some(key)) = (self.secret.at(ID), self.secret.at(KEY)) else {
            return Err(format!(
                "there are no credentials: name a Secret with `{ID}` and `{KEY}` in secretRef; the role of the \
                 controller's pod is not used"
            )
            .into());
        };
        let token = self.secret.at(TOKEN).map(str::to_owned);
        let identity = Credentials::new(id, key, token, None, "secret").into();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(now.as_millis());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(time)
            .settings(SigningSettings::default())
            .build();
        let parameters = parameters.map_err(unsigned)?.into();
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request = SignableRequest::new(method, url, headers, SignableBody::Bytes(body.as_bytes()));
        let signed = sign(request.map_err(unsigned)?, &parameters).map_err(unsigned)?;
        let own = signed.output().headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(own.collect())
    }
}

fn unsigned<E>(_: E) -> Text {
    "the request cannot be signed".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS' signing tests: the credentials, the service and the time that all of them have.
    fn signature(method: &str, headers: &[(&str, String)], body: &str) -> String {
        let keys = [(ID, "AKIDEXAMPLE"), (KEY, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")];
        let secret = Secret::new(keys.map(|(name, value)| (name.into(), value.into())));
        let signer = Signer::new(&secret, "us-east-1", "service");
        let at = Timestamp::from_millis(1_440_938_160_000);
        let signed = signer.headers(method, "https://example.amazonaws.com/", headers, body, at).unwrap();
        let [(date, at), (name, value)] = signed.as_slice() else { panic!("{signed:?}") };
        assert_eq!((&**date, &**at, &**name), ("x-amz-date", "20150830T123600Z", "authorization"));
        value.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn requests_are_signed_as_in_the_published_examples() {
        assert_eq!(
            signature("GET", &[], ""),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(
            signature("POST", &[], ""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let form = [("Content-Type", "application/x-www-form-urlencoded".to_owned())];
        assert_eq!(
            signature("POST", &form, "Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    #[test]
    fn without_keys_nothing_is_signed() {
        let secret = Secret::new([(ID.into(), "AKID".into())]);
        let signed =
            Signer::new(&secret, "r", "s").headers("GET", "https://a/", &[], "", Timestamp::default());
        let why = "there are no credentials: name a Secret with `aws_access_key_id` and `aws_secret_access_key` in \
                   secretRef; the role of the controller's pod is not used";
        assert_eq!(signed, Err(why.into()));
    }
}
