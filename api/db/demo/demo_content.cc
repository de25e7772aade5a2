#include "api/db/demo/demo_content.h"

#include <array>

namespace roost::api {
namespace {

constexpr std::array<SampleUser, 16> kUsers{{
    {"demo", "Demo", "Try everything: this account is there for it.", "mira adaeze kenji wren"},
    {"mira", "Mira Lindqvist", "Cold water, warm bread. By the harbour.", "tomasz adaeze kenji ines noor"},
    {"tomasz", "Tomasz Wieczorek", "Bicycles, rooks, and one language more each year.", "mira wren samir lucie"},
    {"adaeze", "Adaeze Obi", "Baker by night, mother by day, asleep in between.", "mira ines lucie noor hana"},
    {"kenji", "Kenji Morita", "Woodworker. 木工と柿。", "tomasz hana wren olu"},
    {"ines", "Inês Carvalho", "Maps of places that changed their name.", "mira samir olu"},
    {"samir", "Samir Haddad", "Night shifts at the observatory. Ask me about dust.", "ines wren jonas priya"},
    {"wren", "Wren Ashdown", "Counting birds for the county since 2009.", "tomasz kenji priya demo"},
    {"lucie", "Lucie Fournier", "Repairs radios. Listens to them too.", "adaeze tomasz jonas"},
    {"olu", "Olu Bankole", "Goalkeeper of a team that loses with grace.", "ines kenji noor mira mateo"},
    {"noor", "Noor van Dijk", "Lock keeper. Yes, that is still a job.", "mira olu priya"},
    {"hana", "Hana Suzuki", "Ceramics, mostly bowls, mostly round.", "kenji adaeze lucie"},
    {"jonas", "Jonas Straßer", "Trains, timetables, and the dining car.", "samir lucie noor"},
    {"priya", "Priya Raman", "Teaches statistics to people who were told they can't.", "samir wren adaeze mira elif"},
    {"mateo", "Mateo Quiroga", "Beekeeper on a roof in the fifth district.", "wren adaeze hana olu"},
    {"elif", "Elif Yıldız", "Reads the last page first. Librarian.", "priya mira tomasz lucie"},
}};

constexpr std::array<SampleTweet, 48> kTweets{{
    {"mira", 9860, 41, "Moved to the house by the harbour. The gulls are the landlords, we merely rent. #newhome"},
    {"wren", 9755, 23, "First count of the season: 214 lapwings, 3 people, 1 thermos. #birds"},
    {"jonas", 9510, 12, "The 7:41 has a dining car again. I had a coffee I did not want, out of principle. #trains"},
    {"adaeze", 9340, 63, "Sourdough, day four: it has a name now, and opinions. #baking"},
    {"samir", 9105, 38, "Clear until three, then cloud. Four hours of sky is a good night. #stars"},
    {"tomasz", 8830, 18, "Spent the evening replacing a bicycle chain and learning six new words from my neighbour."},
    {"noor", 8640, 29, "Forty boats today. One of them waved with a frying pan. #canal"},
    {"hana", 8410, 34, "Opened the kiln. Eleven bowls and one thing that used to be a bowl. #ceramics"},
    {"priya", 8175, 87,
     "A student said: so an average is just everybody sharing? I will use that for the rest of my life."},
    {"olu", 7960, 16, "Lost 5:1. The one was beautiful, though. #football"},
    {"elif", 7725, 52, "Somebody returned a book from 1987 with a note: \"It was very good.\" #reading"},
    {"kenji", 7480, 27, "The 6:12 train in this season: fog over the rice fields and nobody says a word. #trains"},
    {"mateo", 7230, 44, "The bees found the rosemary on the roof across the street. So did I. We nodded. #bees"},
    {"ines", 6985, 31, "Found a street that had four names in sixty years. The baker on it never moved. #maps"},
    {"lucie", 6730, 25, "It was the capacitor. It is always the capacitor. #repair"},
    {"mira", 6480, 12,
     "Does anyone lend out a pasta machine for a weekend? I promise to return it with ravioli. #baking"},
    {"adaeze", 6410, 19, "Mine is yours from Friday. The crank needs a kind word now and then. #baking"},
    {"wren", 6020, 30, "A wren nested in the door of the office of the bird survey. Nobody uses that door now. #birds"},
    {"jonas", 5790, 14, "Missed a connection by one minute and met somebody who had missed it by two. #trains"},
    {"samir", 5530, 71, "Dust on the mirror looks exactly like a nebula until you are told. I was told. #stars"},
    {"tomasz", 5290, 33, "Rooks over the market hall again, hundreds of them, all talking at once. #birds"},
    {"noor", 5040, 22, "The water is a hand lower than last week. The ducks pretend not to notice. #canal"},
    {"adaeze", 4790, 95, "My daughter asked whether clouds get tired. I have been thinking about it all day."},
    {"hana", 4560, 48, "釉薬の色がやっと出た。 The glaze finally came out the colour I had in mind. #ceramics"},
    {"priya", 4310, 40, "Tossed a coin 100 times with class 9. They now distrust the coin, not the theory. #teaching"},
    {"elif", 4080, 36, "New shelf in the library: \"Books nobody returned on time\". I am in it twice. #reading"},
    {"olu", 3850, 20, "New gloves. If we lose now it is certainly not the gloves. #football"},
    {"lucie", 3600, 57, "A radio from 1954 came back to life and the first thing it said was the weather. #repair"},
    {"mateo", 3370, 26, "Inspected hive three. Hive three inspected me. #bees"},
    {"kenji", 3120, 54, "First persimmons on the tree behind the workshop. One for us, one for the crows. #birds"},
    {"ines", 2890, 17, "A reader sent me a photo of a street sign with both names on it. I may frame it. #maps"},
    {"mira", 2640, 61, "Ravioli for eleven. The machine survived, the flour is everywhere. #baking"},
    {"samir", 2410, 28, "Three meteors before the kettle boiled. Good omen or slow kettle. #stars"},
    {"jonas", 2190, 45, "Drew the timetable of 1912 for fun. You could cross the country for lunch. #trains #maps"},
    {"wren", 1950, 19, "To whoever put a tiny scarf on the owl decoy: the jackdaws are furious. #birds"},
    {"noor", 1720, 66, "Let a swan family through the lock today. Paperwork: none. Gratitude: none. #canal #birds"},
    {"priya", 1490, 24,
     "Question of the week: how many pigeons is a lot of pigeons? Answers with error bars, please. #birds"},
    {"wren", 1430, 39, "Forty. Plus or minus the one that is looking at you. #birds"},
    {"adaeze", 1240, 35, "Rye with caraway, straight from the oven, and the whole staircase knows. #baking"},
    {"tomasz", 1010, 21, "Word of the day: \"Brückentag\". We need more of these. #words"},
    {"elif", 790, 32, "A child asked for a book \"like the sea but shorter\". We found one. #reading"},
    {"kenji", 610, 43, "Sharpened every plane iron in the shop. The wood has no excuse any more. #woodwork"},
    {"mira", 430, 22, "Swam before work. 9 degrees. I can feel my eyebrows again as of ten minutes ago."},
    {"olu", 290, 51, "WE WON. Nobody knows how to behave. #football"},
    {"hana", 195, 15, "Teabowl for a left-handed friend. It took me a day to see the mistake: none. #ceramics"},
    {"demo", 125, 8,
     "Hello from Roost! Press the heart a few times: the count goes up at once and is never lost. #hello"},
    {"lucie", 48, 16, "If you only repair one thing this month, let it be the door that squeaks. Instant joy. #repair"},
    {"mateo", 7, 5, "Honey is in. Ask at the second bell, bring a jar. #bees"},
}};

}  // namespace

std::span<const SampleUser> sample_users() {
  return kUsers;
}

std::span<const SampleTweet> sample_tweets() {
  return kTweets;
}

}  // namespace roost::api
