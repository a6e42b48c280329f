package peer;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apereo.cas.client.util.XmlUtils;
import org.apereo.cas.client.validation.Assertion;
import org.apereo.cas.client.validation.Cas30ServiceTicketValidator;
import org.apereo.cas.client.validation.TicketValidationException;
import org.apereo.cas.client.validation.json.Cas30JsonServiceTicketValidator;

/** Lets the client of the CAS project read what a CAS server answers. */
public final class CasPeer {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        switch (args[0]) {
            case "validate" -> validate(out, args[1], args[2], args[3], args[4]);
            case "logout" -> out.println("index=" + XmlUtils.getTextForElement(args[1], "SessionIndex"));
            default -> System.exit(3);
        }
    }

    private static void validate(PrintStream out, String form, String server, String service, String ticket) {
        Cas30ServiceTicketValidator validator =
            form.equals("json") ? new Cas30JsonServiceTicketValidator(server) : new Cas30ServiceTicketValidator(server);
        validator.setEncoding("UTF-8");
        try {
            Assertion assertion = validator.validate(ticket, service);
            out.println("user=" + assertion.getPrincipal().getName());
            for (Map.Entry<String, Object> a : new TreeMap<>(assertion.getPrincipal().getAttributes()).entrySet()) {
                out.println(a.getKey() + "=" + a.getValue());
            }
        } catch (TicketValidationException e) {
            out.println("refused: " + e.getMessage());
        }
    }
}
