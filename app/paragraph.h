// SPDX-License-Identifier: MIT
// Text for people, in lines that fit.
#pragma once

#include <string>
#include <string_view>

namespace vitrine::app {

// Lines of words, each with its end, of at most `width` letters where words permit; `head` before the first,
// and the later ones under the first one's text.
std::string paragraph(std::string_view text, std::string_view head, size_t width);

}  // namespace vitrine::app
