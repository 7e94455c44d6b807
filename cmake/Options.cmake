# Compile options, in one place.

option(WSMTP_SANITIZE "Build with the address and undefined-behaviour sanitizers" OFF)
option(WSMTP_WERROR "Treat warnings as errors" OFF)

set(WSMTP_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(WSMTP_WERROR)
    list(APPEND WSMTP_WARNINGS -Werror)
endif()

set(WSMTP_SANITIZERS)
if(WSMTP_SANITIZE)
    set(WSMTP_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
endif()

# Everything of ours sees the public headers and compiles without a warning.
function(wsmtp_compile target)
    target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
    target_compile_options(${target} PRIVATE ${WSMTP_WARNINGS})
endfunction()

# Engine code: no libc, and nothing that the compiler would add by itself.
function(wsmtp_freestanding target)
    wsmtp_compile(${target})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/engine ${PROJECT_SOURCE_DIR}/sasl)
    target_compile_options(${target} PRIVATE -ffreestanding -fno-stack-protector -fvisibility=hidden)
endfunction()

function(wsmtp_instrument target)
    target_compile_options(${target} PRIVATE ${WSMTP_SANITIZERS})
    target_link_options(${target} PRIVATE ${WSMTP_SANITIZERS})
endfunction()
