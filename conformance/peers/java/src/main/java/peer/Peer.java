package peer;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.ParametersWithID;
import org.bouncycastle.crypto.signers.SM2Signer;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.verify.OFDValidator;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;

/**
 * Outside judgement of documents that we make.
 *
 * <p>validate FILE: ofdrw opens the document, reads its pages and validates every seal signature.
 * <p>recompute FILE: Bouncy Castle recomputes dataHash = SM3(Signature.xml) and verifies the maker's signature over
 * eSealInfo and the signer's over TBS_Sign, from the octets of the package alone.
 * <p>differ FOLDER: both of these for every package of a folder, see {@link Differ}.
 * <p>jose FILE: Bouncy Castle judges and makes JSON Web tokens of the GM profile, see {@link Jose}.
 * <p>timestamp FILE: Bouncy Castle reads a time-stamp token and verifies its SM2 signature, see {@link TimeStamp}.
 * <p>ocsp FILE: Bouncy Castle reads an OCSP response and verifies its SM2 signature, see {@link Status}.
 * <p>remote FILE: ofdrw has a document sealed whose digest alone it sends, see {@link Remote}.
 * <p>report FILE: the schema of ETSI TS 119 102-2 V1.2.2 judges a validation report, see {@link Report}.
 */
public final class Peer {
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "validate":
                System.out.println("pages " + validate(Paths.get(args[1])));
                break;
            case "recompute":
                System.out.println("seals " + recompute(Paths.get(args[1])));
                break;
            case "differ":
                Differ.run(Paths.get(args[1]));
                break;
            case "jose":
                Jose.run(Paths.get(args[1]));
                break;
            case "timestamp":
                TimeStamp.run(Paths.get(args[1]));
                break;
            case "ocsp":
                Status.run(Paths.get(args[1]));
                break;
            case "remote":
                Remote.run(Paths.get(args[1]));
                break;
            case "report":
                Report.run(Paths.get(args[1]));
                break;
            default:
                throw new IllegalArgumentException("validate, recompute, differ, jose, timestamp, ocsp, remote or report");
        }
        System.out.println("ok");
    }

    static int validate(Path file) throws Exception {
        try (OFDReader reader = new OFDReader(file); OFDValidator validator = new OFDValidator(reader)) {
            int pages = reader.getNumberOfPages();
            validator.setValidator(new SESV4ValidateContainer());
            validator.exeValidate();
            return pages;
        }
    }

    static int recompute(Path file) throws Exception {
        int seals = 0;
        try (ZipFile zip = new ZipFile(file.toFile(), StandardCharsets.UTF_8)) {
            Enumeration<? extends ZipEntry> entries = zip.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                if (!entry.getName().endsWith("SignedValue.dat")) {
                    continue;
                }
                String folder = entry.getName().substring(0, entry.getName().lastIndexOf('/') + 1);
                byte[] description = read(zip, folder + "Signature.xml");
                checkSealSignature(read(zip, entry.getName()), description);
                seals++;
            }
        }
        require(seals > 0, "the package holds no seal signature");
        return seals;
    }

    private static void checkSealSignature(byte[] value, byte[] description) throws Exception {
        ASN1Sequence signature = ASN1Sequence.getInstance(value);
        ASN1Sequence toSign = ASN1Sequence.getInstance(signature.getObjectAt(0));
        byte[] signerCertificate = ASN1OctetString.getInstance(signature.getObjectAt(1)).getOctets();
        byte[] signatureValue = DERBitString.getInstance(signature.getObjectAt(3)).getOctets();

        ASN1Sequence seal = ASN1Sequence.getInstance(toSign.getObjectAt(1));
        byte[] dataHash = DERBitString.getInstance(toSign.getObjectAt(3)).getOctets();
        require(Arrays.equals(dataHash, sm3(description)), "dataHash is not SM3 of Signature.xml");
        require(verify(signerCertificate, toSign.getEncoded("DER"), signatureValue), "signature over TBS_Sign");

        byte[] makerCertificate = ASN1OctetString.getInstance(seal.getObjectAt(1)).getOctets();
        byte[] sealValue = DERBitString.getInstance(seal.getObjectAt(3)).getOctets();
        byte[] sealInfo = seal.getObjectAt(0).toASN1Primitive().getEncoded("DER");
        require(verify(makerCertificate, sealInfo, sealValue), "maker's signature over eSealInfo");
    }

    static boolean verify(byte[] certificate, byte[] message, byte[] signature) throws Exception {
        X9ECParameters curve = GMNamedCurves.getByName("sm2p256v1");
        ECDomainParameters domain = new ECDomainParameters(curve.getCurve(), curve.getG(), curve.getN(), curve.getH());
        byte[] point = Certificate.getInstance(certificate).getSubjectPublicKeyInfo().getPublicKeyData().getOctets();
        SM2Signer signer = new SM2Signer();
        signer.init(false, new ParametersWithID(
                new ECPublicKeyParameters(curve.getCurve().decodePoint(point), domain),
                "1234567812345678".getBytes(StandardCharsets.US_ASCII)));
        signer.update(message, 0, message.length);
        return signer.verifySignature(signature);
    }

    static byte[] sm3(byte[] data) {
        SM3Digest digest = new SM3Digest();
        digest.update(data, 0, data.length);
        byte[] out = new byte[32];
        digest.doFinal(out, 0);
        return out;
    }

    private static byte[] read(ZipFile zip, String name) throws Exception {
        ZipEntry entry = zip.getEntry(name);
        require(entry != null, "no entry " + name);
        try (InputStream in = zip.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    private Peer() {}
}
