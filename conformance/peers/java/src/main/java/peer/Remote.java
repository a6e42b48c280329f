package peer;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.jcajce.provider.digest.SM3;
import org.ofdrw.core.signatures.SigType;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.ExtendSignatureContainer;
import org.ofdrw.sign.NumberFormatAtomicSignID;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.stamppos.NormalStampPos;

/**
 * A department in Java: ofdrw prepares an OFD where it lies, a platform gives the value of the signature over the digest, and ofdrw puts
 * it in. The properties are in, out, server, seal, token, key, purpose, page, x, y, width and height.
 */
final class Remote implements ExtendSignatureContainer {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Properties order;
    private final byte[] seal;

    static void run(Path file) throws Exception {
        Properties order = new Properties();
        try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            order.load(in);
        }
        try (OFDReader reader = new OFDReader(Paths.get(order.getProperty("in")));
                OFDSigner signer = new OFDSigner(reader, Paths.get(order.getProperty("out")), new NumberFormatAtomicSignID())) {
            signer.setSignMode(SignMode.ContinueSign);
            signer.setSignContainer(new Remote(order));
            signer.addApPos(new NormalStampPos(
                    Integer.parseInt(order.getProperty("page")), number(order, "x"), number(order, "y"), number(order, "width"), number(order, "height")));
            signer.exeSign();
        }
    }

    private Remote(Properties order) throws IOException {
        this.order = order;
        this.seal = bytes(call(request("/signature-material").GET().build()), "seal");
    }

    private static double number(Properties order, String name) {
        return Double.parseDouble(order.getProperty(name));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(order.getProperty("server") + "/api/v1/seals/" + order.getProperty("seal") + path))
                .header("Authorization", "Bearer " + order.getProperty("token"));
    }

    private static String call(HttpRequest request) throws IOException {
        try {
            HttpResponse<String> answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            Peer.require(answer.statusCode() < 300, answer.statusCode() + " " + answer.body());
            return answer.body();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** The octets of a member that stands in the answer as Base64; records inside it have short texts under the same names. */
    private static byte[] bytes(String json, String member) {
        Matcher found = Pattern.compile("\"" + member + "\":\"([A-Za-z0-9+/=]{64,})\"").matcher(json);
        Peer.require(found.find(), "no " + member + " in the answer");
        return Base64.getDecoder().decode(found.group(1));
    }

    @Override
    public MessageDigest getDigestFnc() {
        return new SM3.Digest();
    }

    @Override
    public ASN1ObjectIdentifier getSignAlgOID() {
        return GMObjectIdentifiers.sm2sign_with_sm3;
    }

    /** description is Signature.xml, and propertyInfo its path in the package. */
    @Override
    public byte[] sign(InputStream description, String propertyInfo) throws IOException {
        String digest = HexFormat.of().formatHex(getDigestFnc().digest(description.readAllBytes()));
        String body = String.format(
                "{\"digest\":\"%s\",\"property\":\"%s\",\"page\":%s,\"x_mm\":%s,\"y_mm\":%s,\"purpose\":\"%s\"}",
                digest, propertyInfo, order.getProperty("page"), order.getProperty("x"), order.getProperty("y"), order.getProperty("purpose"));
        return bytes(call(request("/signatures")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", order.getProperty("key"))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build()), "value");
    }

    @Override
    public byte[] getSeal() {
        return seal;
    }

    @Override
    public SigType getSignType() {
        return SigType.Seal;
    }
}
