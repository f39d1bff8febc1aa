package dev.lathe.datasets.cleaning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactTest {
  private final Redact redact = new Redact(EnumSet.allOf(Pii.class));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Write to anna.k+shop@mail.example.co.uk, please.|Write to [email], please.",
        "<a@b.io>|<[email]>",
        "jürgen@müller.de|[email]",
        "Call +49 30 901820 now|Call [phone] now",
        "Call +1 (415) 555-2671.|Call [phone].",
        "(415) 555-2671 is mine|[phone] is mine",
        "it's 415-555-2671|it's [phone]",
        "It is 415.555.2671!|It is [phone]!",
        "Tel. 030/901820-12|Tel. [phone]",
        "ring 020 7946 0958 today|ring [phone] today",
        "06 12 34 56 78|[phone]",
        "0171-1234567|[phone]",
        "0049 30 1234567|[phone]",
        "my phone number is 4155552671|my phone number is [phone]",
        "text me at 555-0123|text me at [phone]",
        "My number is (212) 555-0187.|My number is [phone].",
        "card 4111 1111 1111 1111 thanks|card [card] thanks",
        "5500-0000-0000-0004|[card]",
        "340000000000009|[card]",
        "378282246310005|[card]",
        "3782 822463 10005|[card]",
        "IBAN DE89 3704 0044 0532 0130 00 ok|IBAN [iban] ok",
        "GB82WEST12345698765432|[iban]",
        "pay FR14 2004 1010 0505 0001 3M02 606 now|pay [iban] now",
        "from 203.0.113.77:|from [ip]:",
        "2001:db8:85a3::8a2e:370:7334|[ip]",
        "key sk-proj-abcdef0123456789ABCDEF|key [token]",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345|[token]",
        "AKIAIOSFODNN7EXAMPLE|[token]",
        "the password is hunter2hunter2.|the password is [token].",
        "Authorization: Bearer abcdef123456789|Authorization: Bearer [token]",
        "api_key=9f8e7d6c5b4a|api_key=[token]",
      })
  void putsPlaceholders(String text, String expected) {
    assertThat(redact.redacted(text, new TreeMap<>())).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Ticket: HD-2024-118273",
        "ticket #48213377",
        "your order 4155552671 was sent",
        "order number 415-555-2671",
        "Order no. 020 7946 0958",
        "invoice 2024-000123-99",
        "on 2024-11-21 10:30",
        "21.11.2024, 09:00-17:30",
        "from 01.02.2024 - 03.04.2024",
        "it costs $1,234,567.89 or 1 234 567,00 EUR",
        "pi is 3.14159265358979",
        "1234567890",
        "1234 5678 9012 3456",
        "4111 1111 1111 1112",
        "tracking 1Z999AA10123456784",
        "call about order 4455667788",
        "version 1.2.3.4",
        "server at 127.0.0.1",
        "We sent parcel 1234567. It left 020 on day 12345678",
        "at 10:30:45 or 12:00",
        "std::vector and a::b",
        "DE89 3704 0044 0532 0130 01",
        "opening hours 8-12 13-17 18-20",
        "years 1999-2004 and 2005/2006",
        "the meeting is 10/11/2024 14:00",
        "SKU 0012-3456-7890",
        "@handle and user@localhost",
        "the secret is patience",
        "my password is not working",
        "28740 and 92049",
        "10 20 30 40 50 60 70",
      })
  void leavesWhatIsNoPersonalData(String text) {
    assertThat(redact.redacted(text, new TreeMap<>())).isEqualTo(text);
  }

  @Test
  void countsByKindAndKeepsToolCallsJson() {
    var call =
        new Message(
            Role.ASSISTANT,
            "Calling a@b.io and c@d.io",
            List.of(
                new ToolCall("1", "f", "{\"phone\": 4155552671, \"mail\": \"x@y.org\", \"n\": 3}")),
            null,
            null,
            1);
    var kept =
        (Rule.Outcome.Kept) redact.apply(CleaningTest.chat(Message.of(Role.USER, "q"), call));
    assertThat(kept.changes()).isEqualTo(Map.of("email", 3, "phone", 1));
    assertThat(kept.conversation().messages().getLast().toolCalls().getFirst().arguments())
        .isEqualTo("{\"phone\": \"[phone]\", \"mail\": \"[email]\", \"n\": 3}");
  }

  @Test
  void redactsOnlyWhatItIsToldTo() {
    var mails = new Redact(EnumSet.of(Pii.EMAIL));
    assertThat(mails.redacted("a@b.io +49 30 901820", new TreeMap<>()))
        .isEqualTo("[email] +49 30 901820");
  }
}
