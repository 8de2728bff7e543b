# Makes a C++ source of files: cmake -DOUTPUT=x.cpp -DHEADER=a/b.h -DFUNCTION=dashboard_assets -DFILES=a;b -P embed.cmake
set(entries "")
foreach(file IN LISTS FILES)
    get_filename_component(name ${file} NAME)
    file(READ ${file} hex HEX)
    string(LENGTH "${hex}" size)
    math(EXPR size "${size} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" hex "${hex}")
    string(REGEX REPLACE "([^\n]+)" "\"\\1\"" hex "${hex}")
    string(APPEND entries "    {\"${name}\", std::string_view(\n${hex}, ${size})},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by cmake/embed.cmake.
#include \"${HEADER}\"

namespace lamd::daemon {

std::span<const Asset> ${FUNCTION}() {
    static constexpr Asset kAssets[] = {
${entries}    };
    return kAssets;
}

}  // namespace lamd::daemon
")
