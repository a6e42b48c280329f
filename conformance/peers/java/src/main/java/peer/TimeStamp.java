package peer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.tsp.TSPUtil;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * Time-stamp tokens in SM2 with SM3 (RFC 3161, GB/T 20520): Bouncy Castle reads the token, checks that the certificate may
 * stamp and that the signed attributes name it by SM3, and verifies messageDigest and the signature over the attributes.
 */
final class TimeStamp {
    static void run(Path file) throws Exception {
        TimeStampToken token = new TimeStampToken(new CMSSignedData(Files.readAllBytes(file)));
        SignerInformation signer = token.toCMSSignedData().getSignerInfos().getSigners().iterator().next();
        @SuppressWarnings("unchecked")
        Collection<X509CertificateHolder> found = token.getCertificates().getMatches(token.getSID());
        Peer.require(found.size() == 1, "certificate of the authority");
        X509CertificateHolder certificate = found.iterator().next();
        TSPUtil.validateCertificate(certificate);

        Peer.require(signer.getDigestAlgorithmID().getAlgorithm().equals(GMObjectIdentifiers.sm3), "digest algorithm");
        AttributeTable attributes = signer.getSignedAttributes();
        byte[] content = (byte[]) token.toCMSSignedData().getSignedContent().getContent();
        Attribute digest = attributes.get(CMSAttributes.messageDigest);
        Peer.require(Arrays.equals(Peer.sm3(content),
                ASN1OctetString.getInstance(digest.getAttrValues().getObjectAt(0)).getOctets()), "messageDigest");
        Attribute named = attributes.get(PKCSObjectIdentifiers.id_aa_signingCertificateV2);
        ESSCertIDv2 id = SigningCertificateV2.getInstance(named.getAttrValues().getObjectAt(0)).getCerts()[0];
        Peer.require(id.getHashAlgorithm().getAlgorithm().equals(GMObjectIdentifiers.sm3)
                && Arrays.equals(Peer.sm3(certificate.getEncoded()), id.getCertHash()), "signing certificate");
        Peer.require(Peer.verify(certificate.getEncoded(), signer.getEncodedSignedAttributes(), signer.getSignature()), "signature");

        System.out.println("policy " + token.getTimeStampInfo().getPolicy());
        System.out.println("serial " + token.getTimeStampInfo().getSerialNumber());
        System.out.println("time " + token.getTimeStampInfo().getGenTime().toInstant());
    }

    private TimeStamp() {}
}
