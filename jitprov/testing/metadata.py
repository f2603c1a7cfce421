"""Write federation metadata in the style of Entra."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from jitprov.saml.types import Binding, Certificate, IdpMetadata, KeyPair
from jitprov.testing.keys import certificate_body
from jitprov.testing.message import new_id
from jitprov.testing.person import EMAIL_CLAIM, NAME_CLAIM, OBJECT_ID_CLAIM
from jitprov.testing.signing import sign

_DOCUMENT = """\
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="{id}" entityID={entity_id}>\
<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" \
protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706">\
{keys}<fed:ClaimTypesOffered>{claim_types}</fed:ClaimTypesOffered>\
<fed:SecurityTokenServiceEndpoint>{wsfed}</fed:SecurityTokenServiceEndpoint>\
<fed:PassiveRequestorEndpoint>{wsfed}</fed:PassiveRequestorEndpoint></RoleDescriptor>\
<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:ApplicationServiceType" \
protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706">\
{keys}<fed:TargetScopes>{target}</fed:TargetScopes>\
<fed:ApplicationServiceEndpoint>{wsfed}</fed:ApplicationServiceEndpoint>\
<fed:PassiveRequestorEndpoint>{wsfed}</fed:PassiveRequestorEndpoint></RoleDescriptor>\
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}\
<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location={slo_url}/>\
{sso_services}</IDPSSODescriptor></EntityDescriptor>"""

_KEY = """\
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>\
<X509Certificate>{body}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"""

_CLAIM_TYPE = """\
<auth:ClaimType xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706" Uri={uri}>\
<auth:DisplayName>{name}</auth:DisplayName></auth:ClaimType>"""

_ENDPOINT = """\
<wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Address>{address}</wsa:Address>\
</wsa:EndpointReference>"""


def metadata_document(idp: IdpMetadata, *, signed_by: KeyPair) -> str:
    """Return the signed document as text, without an XML declaration."""
    root = etree.fromstring(
        _DOCUMENT.format(
            id=new_id(),
            entity_id=quoteattr(idp.entity_id),
            keys=_keys(idp.signing_certificates),
            claim_types=_claim_types(),
            wsfed=_endpoint(idp.sso_url.removesuffix("saml2") + "wsfed"),
            target=_endpoint(idp.entity_id),
            slo_url=quoteattr(idp.slo_url),
            sso_services="".join(_sso_service(binding, idp) for binding in _bindings(idp)),
        )
    )
    sign(root, key_pair=signed_by)
    return etree.tostring(root, encoding="unicode")


def _keys(certificates: Sequence[Certificate]) -> str:
    return "".join(_KEY.format(body=certificate_body(each.pem)) for each in certificates)


def _claim_types() -> str:
    return "".join(
        _CLAIM_TYPE.format(uri=quoteattr(uri), name=uri.rpartition("/")[2])
        for uri in (NAME_CLAIM, OBJECT_ID_CLAIM, EMAIL_CLAIM)
    )


def _endpoint(address: str) -> str:
    return _ENDPOINT.format(address=escape(address))


def _bindings(idp: IdpMetadata) -> tuple[Binding, ...]:
    """Return the bindings of the SSO service: both, as Entra, or HTTP-POST only, as Google and OneLogin."""
    return (Binding.POST,) if idp.sso_binding is Binding.POST else tuple(Binding)


def _sso_service(binding: Binding, idp: IdpMetadata) -> str:
    return f'<SingleSignOnService Binding="{binding}" Location={quoteattr(idp.sso_url)}/>'
