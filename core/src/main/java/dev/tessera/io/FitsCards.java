package dev.tessera.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Header cards as attributes and back. A value is the card's own text, with its quotes and its
 * comment ({@code 'Jy/beam' / unit}); the second card of a keyword has {@code #2} behind its key.
 * Attributes of other formats become cards as well: text is quoted, long text continued, long names
 * go under HIERARCH.
 */
final class FitsCards {
  private static final String COMMENT = "COMMENT";
  private static final String HISTORY = "HISTORY";
  private static final String CONTINUE = "CONTINUE";
  private static final String HIERARCH = "HIERARCH ";
  private static final int COMMENTARY_TEXT = 72;

  /** Characters of a string in a card: 80 less 10 for the keyword, 2 quotes and an ampersand. */
  private static final int STRING_PIECE = 67;

  /** Cards that describe the layout or check the bytes: they are made anew. */
  private static final Pattern STRUCTURAL =
      Pattern.compile(
          "SIMPLE|XTENSION|BITPIX|NAXIS\\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BLANK|END|INHERIT"
              + "|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|BLOCKED");

  private static final Pattern VALUE =
      Pattern.compile(
          "('[^']*(?:''[^']*)*'|[TF]|[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[EeDd][+-]?\\d+)?"
              + "|\\([^()]*\\)|)"
              + "(\\s*/.*)?\\s*");
  private static final Pattern KEYWORD = Pattern.compile("[A-Z0-9_-]{1,8}");
  private static final Pattern REPEATED = Pattern.compile("(.*)#\\d+");

  private static final Pattern COMPRESSION =
      Pattern.compile(
          "ZIMAGE|ZTENSION|ZSIMPLE|ZEXTEND|ZBITPIX|ZNAXIS\\d*|ZTILE\\d+|ZCMPTYPE|ZQUANTIZ|ZDITHER0"
              + "|ZNAME\\d+|ZVAL\\d+|ZPCOUNT|ZGCOUNT|ZBLANK|ZBLOCKED|ZMASKCMP|TFIELDS|THEAP"
              + "|T(?:FORM|TYPE|DIM|UNIT|NULL|SCAL|ZERO|DISP)\\d+");

  private FitsCards() {}

  /** Whether only tables and compressed images have this keyword. */
  static boolean isCompression(String keyword) {
    return COMPRESSION.matcher(keyword).matches();
  }

  /** Everything in a header that says something about the field, in its order. */
  static Map<String, String> attributes(List<String> cards, Predicate<String> leftOut) {
    Map<String, String> attributes = new LinkedHashMap<>();
    Map<String, Integer> counts = new HashMap<>();
    for (String card : cards) {
      String keyword = card.substring(0, 8).stripTrailing();
      String text = card.substring(8).stripTrailing();
      int equals = keyword.equals("HIERARCH") ? card.indexOf('=') : -1;
      if (equals > 0) {
        keyword = HIERARCH + card.substring(8, equals).strip();
        text = card.substring(equals + 1).strip();
      } else if (!isCommentary(keyword) && !keyword.equals(CONTINUE)) {
        if (card.startsWith("= ", 8)) {
          text = text.substring(1).strip();
        } else {
          // No value: the standard lets such a card be read as commentary.
          text = keyword.isEmpty() ? text : card.stripTrailing();
          keyword = COMMENT;
        }
      }
      boolean blank = keyword.equals(COMMENT) && text.isBlank();
      if (!blank && !STRUCTURAL.matcher(keyword).matches() && !leftOut.test(keyword)) {
        int count = counts.merge(keyword, 1, Integer::sum);
        attributes.put(count == 1 ? keyword : keyword + "#" + count, text);
      }
    }
    return attributes;
  }

  /** The cards of the attributes, 80 characters each. */
  static List<String> cards(Map<String, String> attributes, Predicate<String> leftOut) {
    List<String> cards = new ArrayList<>();
    attributes.forEach((key, text) -> {
      Matcher repeated = REPEATED.matcher(key);
      String keyword = keyword(repeated.matches() ? repeated.group(1) : key);
      if (!STRUCTURAL.matcher(keyword).matches() && !leftOut.test(keyword)) {
        add(cards, keyword, ascii(text));
      }
    });
    return cards;
  }

  private static String keyword(String key) {
    String upper = key.toUpperCase(Locale.ROOT);
    if (KEYWORD.matcher(upper).matches() || upper.startsWith(HIERARCH)) {
      return upper.startsWith(HIERARCH) ? ascii(key) : upper;
    }
    String legal = upper.replaceAll("[^A-Z0-9_. -]+", " ").strip().replaceAll(" +", "_");
    return legal.isEmpty() ? COMMENT : KEYWORD.matcher(legal).matches() ? legal : HIERARCH + legal;
  }

  private static void add(List<String> cards, String keyword, String text) {
    if (isCommentary(keyword)) {
      addCommentary(cards, keyword, text);
    } else if (keyword.equals(CONTINUE)) {
      cards.add(pad(CONTINUE + text));
    } else {
      // A card has no longer value: what is longer comes from elsewhere, and is text.
      Matcher matcher = VALUE.matcher(text.length() <= FitsHdu.CARD ? text : "?");
      String start = keyword.startsWith(HIERARCH) ? keyword + " = " : pad8(keyword) + "= ";
      if (start.length() > 70) {
        addCommentary(cards, COMMENT, keyword + " = " + text);
      } else if (matcher.matches()) {
        String comment = matcher.group(2) == null ? "" : matcher.group(2);
        addValue(cards, start, matcher.group(1), comment);
      } else {
        addString(cards, start, text);
      }
    }
  }

  private static void addValue(List<String> cards, String start, String value, String comment) {
    boolean string = value.startsWith("'");
    comment = comment.isEmpty() || comment.startsWith(" ") ? comment : " " + comment;
    String fixed =
        string || start.startsWith(HIERARCH)
            ? value
            : " ".repeat(Math.max(0, 20 - value.length())) + value;
    String card = start + fixed + comment;
    // Where right-justifying pushed the end of the comment out, the free format has room.
    String fitting = card.length() <= FitsHdu.CARD ? card : start + value + comment;
    if (start.length() + value.length() <= FitsHdu.CARD) {
      cards.add(pad(fitting));
    } else {
      addString(cards, start, value.substring(1, value.length() - 1).replace("''", "'"));
    }
  }

  private static void addString(List<String> cards, String start, String text) {
    String escaped = text.replace("'", "''");
    int room = FitsHdu.CARD - start.length() - 2;
    if (escaped.length() <= room) {
      cards.add(pad(start + "'" + String.format("%-8s", escaped) + "'"));
      return;
    }
    int at = 0;
    String prefix = start;
    int piece = room - 1;
    while (at < escaped.length()) {
      int end = Math.min(escaped.length(), at + piece);
      // A doubled quote stays on one card.
      if (end < escaped.length() && oddQuotes(escaped, at, end)) {
        end--;
      }
      boolean last = end == escaped.length();
      cards.add(pad(prefix + "'" + escaped.substring(at, end) + (last ? "'" : "&'")));
      at = end;
      prefix = CONTINUE + "  ";
      piece = STRING_PIECE;
    }
  }

  private static boolean oddQuotes(String text, int from, int to) {
    return text.substring(from, to).chars().filter(c -> c == '\'').count() % 2 == 1;
  }

  private static void addCommentary(List<String> cards, String keyword, String text) {
    String rest = text;
    do {
      int end = Math.min(COMMENTARY_TEXT, rest.length());
      cards.add(pad(pad8(keyword) + rest.substring(0, end)));
      rest = rest.substring(end);
    } while (!rest.isEmpty());
  }

  private static boolean isCommentary(String keyword) {
    return keyword.equals(COMMENT) || keyword.equals(HISTORY);
  }

  /** Headers hold printable ASCII only. */
  private static String ascii(String text) {
    return text.replaceAll("[\\r\\n\\t]+", " ").replaceAll("[^\\x20-\\x7e]", "?");
  }

  private static String pad8(String keyword) {
    return String.format("%-8s", keyword);
  }

  static String pad(String card) {
    return String.format("%-80s", card).substring(0, FitsHdu.CARD);
  }
}
