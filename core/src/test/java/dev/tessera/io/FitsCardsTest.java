package dev.tessera.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nom.tam.fits.HeaderCard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FitsCardsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "OBJECT  = 'M31     '           / a galaxy",
        "EXPTIME =                 12.5 / [s] exposure",
        "CRPIX1  =                513.0",
        "BIG     =              1.5D+03",
        "FLAG    =                    T / yes",
        "NOTHING =                      / undefined",
        "PAIR    =           (1.0, 2.0)",
        "HISTORY made by hand",
        "COMMENT   indented",
        "COMMENT = 'x'",
        "HIERARCH ESO TEL ALT = 45.5 / [deg]",
        "CONTINUE  'more&' / text",
        "QUOTE   = 'it''s'"
      })
  void aCardComesBackAsItWas(String card) {
    String padded = FitsCards.pad(card);
    Map<String, String> attributes = FitsCards.attributes(List.of(padded), k -> false);
    assertThat(attributes).hasSize(1);
    assertThat(FitsCards.cards(attributes, k -> false)).containsExactly(padded);
  }

  @Test
  void structuralAndBlankCardsAreLeftOut() {
    List<String> cards =
        List.of("NAXIS1  = 5", "BITPIX  = 8", "CHECKSUM= 'abc'", "", "COMMENT", "KEEP    = 1");
    assertThat(FitsCards.attributes(pad(cards), k -> false)).containsOnly(Map.entry("KEEP", "1"));
  }

  @Test
  void repeatedKeysKeepTheirOrderAndGetTheirOwnNames() {
    List<String> cards = pad(List.of("HISTORY a", "COMMENT b", "HISTORY c", "HISTORY d"));
    Map<String, String> attributes = FitsCards.attributes(cards, k -> false);
    assertThat(attributes.keySet()).containsExactly("HISTORY", "COMMENT", "HISTORY#2", "HISTORY#3");
    assertThat(FitsCards.cards(attributes, k -> false)).isEqualTo(cards);
  }

  @Test
  void thousandsOfCardsOfOneKeyAreNoTrouble() {
    List<String> cards = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      cards.add(FitsCards.pad("HISTORY step " + i));
    }
    assertThat(FitsCards.cards(FitsCards.attributes(cards, k -> false), k -> false))
        .isEqualTo(cards);
  }

  @Test
  void attributesOfOtherFormatsBecomeCards() {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("units", "kg m-3");
    attributes.put("scale_factor", "0.5");
    attributes.put("long_name", "Dichte µ");
    attributes.put(":history", "line one\nline two");
    attributes.put("history", "x".repeat(100));
    attributes.put("description", "it's ".repeat(40).strip());
    attributes.put("///", "odd");
    attributes.put("k".repeat(90), "long key");
    attributes.put("quotes", "'".repeat(20_000));
    List<String> cards = FitsCards.cards(attributes, k -> false);
    assertThat(cards)
        .allMatch(card -> card.length() == 80)
        .contains(
            FitsCards.pad("UNITS   = 'kg m-3  '"),
            FitsCards.pad("HIERARCH SCALE_FACTOR = 0.5"),
            FitsCards.pad("HIERARCH LONG_NAME = 'Dichte ?'"),
            FitsCards.pad("HISTORY line one line two"),
            FitsCards.pad("COMMENT odd"));
    assertThat(cards.stream().map(card -> HeaderCard.create(card).getKey())).isNotEmpty();
  }

  private static List<String> pad(List<String> cards) {
    return cards.stream().map(FitsCards::pad).toList();
  }
}
