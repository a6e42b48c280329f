package peer;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.cert.ocsp.UnknownStatus;

/**
 * OCSP responses in SM2 with SM3 (RFC 6960, GB/T 19713): Bouncy Castle reads the response, verifies the signature of the one
 * certificate inside over ResponseData, and prints what is said of each serial number.
 */
final class Status {
    static void run(Path file) throws Exception {
        OCSPResp response = new OCSPResp(Files.readAllBytes(file));
        Peer.require(response.getStatus() == OCSPResp.SUCCESSFUL, "status " + response.getStatus());
        BasicOCSPResp basic = (BasicOCSPResp) response.getResponseObject();
        X509CertificateHolder[] certificates = basic.getCerts();
        Peer.require(certificates.length == 1, "certificate of the responder");
        Peer.require(basic.getSignatureAlgOID().getId().equals("1.2.156.10197.1.501"), "signature algorithm");
        Peer.require(Peer.verify(certificates[0].getEncoded(), basic.getTBSResponseData(), basic.getSignature()), "signature");
        for (SingleResp one : basic.getResponses()) {
            Object status = one.getCertStatus();
            String word = status == null ? "good" : status instanceof RevokedStatus
                    ? "revoked " + ((RevokedStatus) status).getRevocationTime().toInstant() + " " + ((RevokedStatus) status).getRevocationReason()
                    : status instanceof UnknownStatus ? "unknown" : "?";
            System.out.println(one.getCertID().getSerialNumber() + " " + word);
        }
    }

    private Status() {}
}
