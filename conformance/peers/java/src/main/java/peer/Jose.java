package peer;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.engines.SM4Engine;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithID;
import org.bouncycastle.crypto.params.ParametersWithRandom;
import org.bouncycastle.crypto.signers.DSAEncoding;
import org.bouncycastle.crypto.signers.PlainDSAEncoding;
import org.bouncycastle.crypto.signers.SM2Signer;
import org.bouncycastle.crypto.signers.StandardDSAEncoding;

/**
 * JSON Web tokens of the GM profile on Bouncy Castle: SM2, SM3 and SM4-GCM are Bouncy Castle's, only the envelope is read
 * here. A case is a line "name TAB kind TAB field=hex ..."; the answer is "name TAB accept", "name TAB refuse TAB why" or
 * "name TAB made TAB token". The verdict that is wanted is not told.
 */
final class Jose {
    private static final X9ECParameters CURVE = GMNamedCurves.getByName("sm2p256v1");
    private static final ECDomainParameters DOMAIN =
            new ECDomainParameters(CURVE.getCurve(), CURVE.getG(), CURVE.getN(), CURVE.getH());
    private static final byte[] USER = "1234567812345678".getBytes(StandardCharsets.US_ASCII);
    private static final SecureRandom RANDOM = new SecureRandom();

    static void run(Path cases) throws Exception {
        for (String line : Files.readAllLines(cases)) {
            String[] parts = line.split("\t", -1);
            Map<String, byte[]> fields = new HashMap<>();
            for (int i = 2; i < parts.length; i++) {
                int at = parts[i].indexOf('=');
                fields.put(parts[i].substring(0, at), unhex(parts[i].substring(at + 1)));
            }
            String answer;
            try {
                String made = new Jose(fields).judge(parts[1]);
                answer = made == null ? "accept" : "made\t" + made;
            } catch (Exception e) {
                answer = "refuse\t" + String.valueOf(e).replaceAll("\\s", " ");
            }
            System.out.println(parts[0] + "\t" + answer);
        }
    }

    private final Map<String, byte[]> fields;

    private Jose(Map<String, byte[]> fields) {
        this.fields = fields;
    }

    private String text(String name) {
        return new String(fields.getOrDefault(name, new byte[0]), StandardCharsets.UTF_8);
    }

    private String judge(String kind) throws Exception {
        switch (kind) {
            case "jws":
                verify(text("token"));
                return null;
            case "jwe":
                require(Arrays.equals(decrypt(), fields.get("plaintext")), "another plaintext");
                return null;
            case "nested":
                verify(new String(decrypt(), StandardCharsets.US_ASCII));
                return null;
            case "half_hash":
                require(encode(Arrays.copyOf(sm3(fields.get("value")), 16)).equals(text("hash")), "another hash");
                return null;
            case "thumbprint_sm3":
                require(encode(sm3(thumbprintInput())).equals(text("thumbprint")), "another thumbprint");
                return null;
            case "thumbprint_sha256":
                require(encode(MessageDigest.getInstance("SHA-256").digest(thumbprintInput())).equals(text("thumbprint")), "another thumbprint");
                return null;
            case "sign":
                return sign();
            case "encrypt":
                return encrypt();
            default:
                throw new IllegalArgumentException("kind " + kind);
        }
    }

    private void verify(String token) throws Exception {
        String[] parts = token.split("\\.", -1);
        require(parts.length == 3, "not three parts");
        String header = new String(decode(parts[0]), StandardCharsets.UTF_8);
        require("SGD_SM3_SM2".equals(member(header, "alg")), "another alg");
        String jwk = key(member(header, "kid"));
        byte[] signature = decode(parts[2]);
        SM2Signer signer = new SM2Signer(encoding());
        signer.init(false, new ParametersWithID(
                new ECPublicKeyParameters(CURVE.getCurve().decodePoint(point(jwk)), DOMAIN), USER));
        byte[] input = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
        signer.update(input, 0, input.length);
        require(signer.verifySignature(signature), "signature does not verify");
    }

    private DSAEncoding encoding() {
        return text("encoding").equals("der") ? StandardDSAEncoding.INSTANCE : PlainDSAEncoding.INSTANCE;
    }

    /** The key for signatures with the kid, or the only one. */
    private String key(String kid) {
        String found = null;
        Matcher one = Pattern.compile("\\{[^{}]*\\}").matcher(text("keys"));
        while (one.find()) {
            String jwk = one.group();
            if (!"SM2-P-256".equals(member(jwk, "crv")) || "enc".equals(member(jwk, "use"))
                    || kid != null && !kid.equals(member(jwk, "kid"))) {
                continue;
            }
            require(found == null, "more than one key");
            found = jwk;
        }
        require(found != null, "no key");
        return found;
    }

    private static byte[] point(String jwk) {
        byte[] x = decode(member(jwk, "x"));
        byte[] y = decode(member(jwk, "y"));
        require(x.length == 32 && y.length == 32, "coordinates");
        return join(new byte[] {4}, x, y);
    }

    private byte[] thumbprintInput() {
        String jwk = key(null);
        return ("{\"crv\":\"" + member(jwk, "crv") + "\",\"kty\":\"" + member(jwk, "kty") + "\",\"x\":\"" + member(jwk, "x")
                + "\",\"y\":\"" + member(jwk, "y") + "\"}").getBytes(StandardCharsets.US_ASCII);
    }

    private byte[] decrypt() throws Exception {
        String[] parts = text("token").split("\\.", -1);
        require(parts.length == 5, "not five parts");
        String header = new String(decode(parts[0]), StandardCharsets.UTF_8);
        require("SGD_SM2_3".equals(member(header, "alg")) && "SGD_SM4_GCM".equals(member(header, "enc")), "another algorithm");
        require(text("kid").equals(member(header, "kid")), "another key");
        byte[] wrapped = decode(parts[1]);
        if (text("encoding").equals("asn1")) {
            ASN1Sequence cipher = ASN1Sequence.getInstance(wrapped);
            require(Arrays.equals(cipher.getEncoded("DER"), wrapped) && cipher.size() == 4, "not DER");
            wrapped = join(new byte[] {4}, coordinate(cipher, 0), coordinate(cipher, 1),
                    ASN1OctetString.getInstance(cipher.getObjectAt(2)).getOctets(), ASN1OctetString.getInstance(cipher.getObjectAt(3)).getOctets());
        }
        require(wrapped.length == 113 && wrapped[0] == 4, "encrypted key");
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        engine.init(false, new ECPrivateKeyParameters(new BigInteger(1, fields.get("private_key")), DOMAIN));
        byte[] contentKey = engine.processBlock(wrapped, 0, wrapped.length);
        byte[] iv = decode(parts[2]);
        byte[] tag = decode(parts[4]);
        require(iv.length == 12 && tag.length == 16, "IV or tag");
        return gcm(false, contentKey, iv, parts[0], join(decode(parts[3]), tag));
    }

    private static byte[] coordinate(ASN1Sequence cipher, int at) {
        return fixed(ASN1Integer.getInstance(cipher.getObjectAt(at)).getValue());
    }

    private static byte[] fixed(BigInteger number) {
        byte[] octets = number.toByteArray();
        require(number.signum() >= 0 && number.bitLength() <= 256, "coordinate");
        byte[] out = new byte[32];
        int skip = Math.max(0, octets.length - 32);
        System.arraycopy(octets, skip, out, 32 - (octets.length - skip), octets.length - skip);
        return out;
    }

    private static byte[] gcm(boolean seal, byte[] key, byte[] iv, String protectedHeader, byte[] in) throws Exception {
        GCMBlockCipher cipher = new GCMBlockCipher(new SM4Engine());
        cipher.init(seal, new AEADParameters(new KeyParameter(key), 128, iv, protectedHeader.getBytes(StandardCharsets.US_ASCII)));
        byte[] out = new byte[cipher.getOutputSize(in.length)];
        int length = cipher.processBytes(in, 0, in.length, out, 0);
        length += cipher.doFinal(out, length);
        return Arrays.copyOf(out, length);
    }

    private String sign() throws Exception {
        String input = encode(fields.get("header")) + "." + encode(fields.get("payload"));
        SM2Signer signer = new SM2Signer(encoding());
        signer.init(true, new ParametersWithID(new ParametersWithRandom(
                new ECPrivateKeyParameters(new BigInteger(1, fields.get("private_key")), DOMAIN), RANDOM), USER));
        byte[] octets = input.getBytes(StandardCharsets.US_ASCII);
        signer.update(octets, 0, octets.length);
        return input + "." + encode(signer.generateSignature());
    }

    private String encrypt() throws Exception {
        byte[] contentKey = new byte[16];
        byte[] iv = new byte[12];
        RANDOM.nextBytes(contentKey);
        RANDOM.nextBytes(iv);
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        engine.init(true, new ParametersWithRandom(
                new ECPublicKeyParameters(CURVE.getCurve().decodePoint(fields.get("public_key")), DOMAIN), RANDOM));
        byte[] wrapped = engine.processBlock(contentKey, 0, contentKey.length);
        if (text("encoding").equals("asn1")) {
            ASN1EncodableVector members = new ASN1EncodableVector();
            members.add(new ASN1Integer(new BigInteger(1, Arrays.copyOfRange(wrapped, 1, 33))));
            members.add(new ASN1Integer(new BigInteger(1, Arrays.copyOfRange(wrapped, 33, 65))));
            members.add(new DEROctetString(Arrays.copyOfRange(wrapped, 65, 97)));
            members.add(new DEROctetString(Arrays.copyOfRange(wrapped, 97, 113)));
            wrapped = new DERSequence(members).getEncoded("DER");
        }
        String header = encode(fields.get("header"));
        byte[] sealed = gcm(true, contentKey, iv, header, fields.get("plaintext"));
        int cut = sealed.length - 16;
        return header + "." + encode(wrapped) + "." + encode(iv) + "." + encode(Arrays.copyOf(sealed, cut)) + "."
                + encode(Arrays.copyOfRange(sealed, cut, sealed.length));
    }

    private static String member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"\\\\]*)\"").matcher(json);
        return found.find() ? found.group(1) : null;
    }

    private static byte[] sm3(byte[] data) {
        SM3Digest digest = new SM3Digest();
        digest.update(data, 0, data.length);
        byte[] out = new byte[32];
        digest.doFinal(out, 0);
        return out;
    }

    private static String encode(byte[] octets) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    private static byte[] decode(String text) {
        require(text != null && text.indexOf('=') < 0, "padding");
        return Base64.getUrlDecoder().decode(text);
    }

    private static byte[] unhex(String text) {
        byte[] out = new byte[text.length() / 2];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
        }
        return out;
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.write(part, 0, part.length);
        }
        return out.toByteArray();
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }
}
