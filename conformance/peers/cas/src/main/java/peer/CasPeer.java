package peer;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apereo.cas.client.proxy.Cas20ProxyRetriever;
import org.apereo.cas.client.ssl.HttpsURLConnectionFactory;
import org.apereo.cas.client.util.XmlUtils;
import org.apereo.cas.client.validation.Assertion;
import org.apereo.cas.client.validation.Cas30ProxyTicketValidator;
import org.apereo.cas.client.validation.Cas30ServiceTicketValidator;
import org.apereo.cas.client.validation.ProxyList;
import org.apereo.cas.client.validation.TicketValidationException;
import org.apereo.cas.client.validation.TicketValidator;
import org.apereo.cas.client.validation.json.Cas30JsonServiceTicketValidator;

/** Lets the client of the CAS project read what a CAS server answers. */
public final class CasPeer {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        switch (args[0]) {
            case "validate" -> validate(out, args[1], args[2], args[3], args[4]);
            case "proxy" -> out.println("ticket=" + new Cas20ProxyRetriever(args[1], "UTF-8", new HttpsURLConnectionFactory()).getProxyTicketIdFor(args[2], args[3]));
            case "proxy-validate" -> proxyValidate(out, args[1], args[2], args[3], args[4]);
            case "logout" -> out.println("index=" + XmlUtils.getTextForElement(args[1], "SessionIndex"));
            default -> System.exit(3);
        }
    }

    private static void validate(PrintStream out, String form, String server, String service, String ticket) {
        Cas30ServiceTicketValidator validator =
            form.equals("json") ? new Cas30JsonServiceTicketValidator(server) : new Cas30ServiceTicketValidator(server);
        validator.setEncoding("UTF-8");
        show(out, validator, service, ticket);
    }

    /** Takes a ticket only when it came through the one proxy that is named. */
    private static void proxyValidate(PrintStream out, String server, String service, String ticket, String proxy) {
        Cas30ProxyTicketValidator validator = new Cas30ProxyTicketValidator(server);
        validator.setEncoding("UTF-8");
        validator.setAllowedProxyChains(new ProxyList(List.<String[]>of(new String[] {proxy})));
        show(out, validator, service, ticket);
    }

    private static void show(PrintStream out, TicketValidator validator, String service, String ticket) {
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
