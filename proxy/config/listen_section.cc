#include "proxy/config/listen_section.h"

#include "proxy/config/listen_address.h"

namespace roost::proxy {

void ListenSection::declare(config::Section& section) {
  section.text("address", &address, "IP:PORT; \"*:PORT\" is every IPv4 interface", check_listen_address);
}

}  // namespace roost::proxy
